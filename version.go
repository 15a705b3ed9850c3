package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/loci-place/loci/netcode"
	"github.com/spf13/cobra"
)

func newVersionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version, and which protocol versions it speaks",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "loci %s, protocol versions %d to %d, %s %s/%s\n",
				moduleVersion(), netcode.MinVersion, netcode.MaxVersion,
				runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}

// moduleVersion is the release or the revision that the command was built from,
// as the go command recorded it, or "(devel)".
func moduleVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(devel)"
	}
	return info.Main.Version
}
