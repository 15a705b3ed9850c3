package main

import (
	"fmt"

	"github.com/loci-place/loci/scripts"
	"github.com/loci-place/loci/scripts/watch"
	"github.com/spf13/cobra"
)

func newCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check DIR",
		Short: "Look for mistakes in a place's scripts without running it",
		Long: `Look for mistakes in a place's scripts, rules and tests without running it.

Everything in DIR is compiled and loaded as 'loci serve' would, and names are looked
up: globals that there are not or that are set by accident, functions, events and
fields of the API, modules.

A module that a program gives its scripts, loci does not know: tests/host/NAME.lua, if
it is there, stands in for it here and in 'loci test', and returns a table of what
scripts may call. 'loci serve' runs without.

What is wrong is printed as file:line: message. Exit codes: 0 if nothing is, 1 if
something is or DIR cannot be read, 2 if it was asked wrongly.`,
		Args: oneDirectory,
		RunE: func(cmd *cobra.Command, args []string) error {
			snapshot, err := watch.Read(args[0], watch.SourcesAndTests()...)
			if err == nil {
				err = snapshot.Err()
			}
			if err != nil {
				return err
			}
			if len(snapshot.Paths()) == 0 {
				return fmt.Errorf("there are no scripts in %s; a place begins with place.lua", args[0])
			}
			checked := scripts.Check(snapshot, scripts.Config{})
			for _, f := range checked.Findings {
				fmt.Fprintln(cmd.OutOrStdout(), f)
			}
			if len(checked.Findings) > 0 {
				return exitStatus(exitFailure)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "ok: %s, %s, %s\n",
				count(checked.Files, "file"), count(checked.Components, "component"), count(checked.Rules, "rule"))
			return err
		},
	}
}

// count is a number of things.
func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
