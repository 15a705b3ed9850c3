package main

import (
	"github.com/spf13/cobra"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/engine/store"
	"github.com/loci-place/loci/scripts"
)

func newExportCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "export DIR",
		Short: "Write what a place keeps in its --data directory to stdout, as JSON",
		Long: `Write what a place keeps in its --data directory to stdout, as JSON: what
'loci import' reads. Assets are files of their own, in DIR/assets.

The place must not be running. engine/store/README.md in loci's repository
says what is in the JSON.

Exit codes: 0 if it was written; 1 if it could not be, as where the directory is in
use or damaged; 2 where it was asked wrongly.`,
		Example: "  loci export data > place.json",
		Args:    oneDirectory,
		RunE: func(cmd *cobra.Command, args []string) error {
			return store.Export(args[0], cmd.OutOrStdout())
		},
	}
}

func newImportCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "import DIR",
		Short: "Make a --data directory of the JSON on stdin that 'loci export' wrote",
		Long: `Make a --data directory of the JSON on stdin that 'loci export' wrote.

DIR is made, or must be empty. All is read and checked before anything is written.

Exit codes: 0 if it was made; 1 if it could not be, as where the JSON makes no sense or
the directory is not empty; 2 where it was asked wrongly.`,
		Example: "  loci import data < place.json",
		Args:    oneDirectory,
		RunE: func(cmd *cobra.Command, args []string) error {
			return store.Import(args[0], cmd.InOrStdin(), checkRecord)
		},
	}
}

// checkRecord tells what is wrong with a record that somebody may have written by hand.
func checkRecord(r engine.Record) error {
	switch r.Kind {
	case scripts.KindStore, scripts.KindScene:
		return scripts.CheckRecord(r)
	}
	return engine.CheckRecord(r)
}
