package main

import (
	"fmt"
	"log/slog"
	"regexp"
	"runtime/debug"

	"github.com/loci-place/loci/scripts/luatest"
	"github.com/spf13/cobra"
)

func newTestCommand() *cobra.Command {
	var again, verbose bool
	var match string
	cmd := &cobra.Command{
		Use:   "test DIR",
		Short: "Run the tests of a place's scripts",
		Long: `Run the tests of a place's scripts: tests/*_test.lua in DIR.

Each test gets a place of its own with these scripts, and a clock that stands still
unless it is told. scripts/README.md says how tests are written, and how
tests/host/NAME.lua stands in for a module that another program gives its scripts.

Exit codes: 0 if all passed, 1 if one failed or cannot be run, 2 if it was asked
wrongly.`,
		Args: oneDirectory,
		RunE: func(cmd *cobra.Command, args []string) error {
			// Places are made and dropped by the dozen: collecting less often halves the time.
			debug.SetGCPercent(400)
			config := luatest.Config{Dir: args[0], Verbose: verbose, Out: cmd.OutOrStdout()}
			var err error
			if match != "" {
				if config.Match, err = regexp.Compile(match); err != nil {
					return &usageError{cmd, fmt.Errorf("--run: %w", err)}
				}
			}
			if again {
				ctx, stop := untilSignal(cmd.Context(), slog.New(slog.DiscardHandler))
				defer stop()
				return luatest.Watch(ctx, config)
			}
			result, err := luatest.Run(config)
			if err == nil && !result.OK() {
				return exitStatus(exitFailure)
			}
			return err
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&again, "watch", false, "run them again whenever a file is saved, until SIGINT or SIGTERM")
	flags.StringVar(&match, "run", "", "only the tests whose names match a `REGEXP`")
	flags.BoolVarP(&verbose, "verbose", "v", false, "report every test, and what its scripts logged")
	return cmd
}
