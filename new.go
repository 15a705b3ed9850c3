package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/loci-place/loci/scripts"
	"github.com/spf13/cobra"
)

func newNewCommand() *cobra.Command {
	var editor bool
	cmd := &cobra.Command{
		Use:   "new DIR",
		Short: "Write the scripts of a small place to begin with",
		Long: `Write the scripts of a small place to begin with: a door, a lamp, a greeter, an
access rule, tests, and what editors with the Lua language server need to know the
API.

DIR is made if need be. What is in it already is not touched: it must be empty.

With --editor only what is for editors is written, .luarc.json and .loci, into a
place that is there: after an update of loci, or for a place begun otherwise. A
.luarc.json that is there stays as it is.`,
		Args: oneDirectory,
		RunE: func(cmd *cobra.Command, args []string) error {
			if editor {
				return writeEditorFiles(cmd.OutOrStdout(), args[0])
			}
			return writeStarter(cmd.OutOrStdout(), args[0])
		},
	}
	cmd.Flags().BoolVar(&editor, "editor", false, "write only what is for editors, into a place that is there")
	return cmd
}

// writeStarter writes a place into an empty directory, and says how to go on.
func writeStarter(w io.Writer, dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case err == nil && len(entries) > 0:
		return fmt.Errorf("%s is not empty; a new place begins in a new directory", dir)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if err := writeFiles(dir, scripts.Starter()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, `%s is a place now: a door, a lamp, a greeter.

  loci serve %[1]s          # serve it, and edit %[2]s meanwhile
  loci test %[1]s --watch   # run its tests whenever a file is saved
  loci check %[1]s          # look for mistakes without running it
`, dir, filepath.Join(dir, "components", "door.lua"))
	return err
}

func writeEditorFiles(w io.Writer, dir string) error {
	files := scripts.EditorFiles()
	if _, err := os.Stat(dir); err != nil {
		return err
	}
	for name := range files {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil && filepath.Dir(name) == "." {
			delete(files, name)
		}
	}
	if err := writeFiles(dir, files); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintln(w, filepath.Join(dir, filepath.FromSlash(name)))
	}
	return nil
}

// writeFiles writes files by their paths, with slashes, in a directory.
func writeFiles(dir string, files map[string]string) error {
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
