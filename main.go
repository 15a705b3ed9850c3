// Command loci serves a place: a shared 3D room that agents join over ENet.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// Exit codes. A stop by SIGINT or SIGTERM is a success.
const (
	exitFailure = 1 // it was asked properly and could not be done; or the answer is no
	exitUsage   = 2 // a flag, an argument or an environment variable makes no sense
)

func main() {
	err := newRootCommand().ExecuteContext(context.Background())
	if err == nil {
		return
	}
	if status, ok := errors.AsType[exitStatus](err); ok {
		os.Exit(int(status))
	}
	fmt.Fprintln(os.Stderr, "loci:", err)
	if _, ok := errors.AsType[*usageError](err); ok {
		os.Exit(exitUsage)
	}
	os.Exit(exitFailure)
}

// newRootCommand returns the whole command tree. The command without a
// subcommand serves a place with the defaults.
func newRootCommand() *cobra.Command {
	serve := newServeCommand()
	root := &cobra.Command{
		Use:   "loci",
		Short: "A place that agents join over ENet",
		Long: "loci serves a place: a shared 3D room that agents join over ENet.\n" +
			"Without a command it is 'loci serve' with the defaults.",
		Args: noCommand,
		RunE: func(cmd *cobra.Command, args []string) error {
			serve.SetContext(cmd.Context())
			return serve.RunE(serve, args)
		},
		// main reports errors, each in one line.
		SilenceErrors:              true,
		SilenceUsage:               true,
		SuggestionsMinimumDistance: 2,
		CompletionOptions:          cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &usageError{cmd, err}
	})
	root.AddCommand(serve, newNewCommand(), newCheckCommand(), newTestCommand(), newTopCommand(), newGatewayCommand(),
		newACLCommand(), newExportCommand(), newImportCommand(), newVersionCommand())
	return root
}

// exitStatus ends the command with this exit code: it has said why itself.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// usageError is a mistake in how a command was called, to be mended by the one who
// called it.
type usageError struct {
	cmd   *cobra.Command
	cause error
}

func (e *usageError) Error() string {
	return fmt.Sprintf("%v (see '%s --help')", e.cause, e.cmd.CommandPath())
}

func (e *usageError) Unwrap() error { return e.cause }

// noCommand accepts flags only, and says which command was meant.
func noCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	meant := cmd.SuggestionsFor(args[0])
	if len(meant) == 0 {
		return &usageError{cmd, fmt.Errorf("unknown command %q", args[0])}
	}
	return &usageError{cmd, fmt.Errorf("unknown command %q; did you mean %s?", args[0], strings.Join(meant, " or "))}
}

// noArguments accepts flags only.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return &usageError{cmd, fmt.Errorf("unexpected argument %q", args[0])}
}

// atMostOneDirectory accepts flags and DIR.
func atMostOneDirectory(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) > 1:
		return &usageError{cmd, fmt.Errorf("unexpected argument %q", args[1])}
	case len(args) == 1 && args[0] == "":
		return &usageError{cmd, errors.New("the directory's name is empty")}
	}
	return nil
}

// oneDirectory accepts flags, and DIR, which must be there.
func oneDirectory(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return &usageError{cmd, errors.New("which directory?")}
	}
	return atMostOneDirectory(cmd, args)
}
