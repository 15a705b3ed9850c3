package scripts

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
)

// Sources are the files of a place. A [watch.Snapshot] is one.
type Sources interface {
	// Paths are the files, sorted, with slashes: "components/door.lua".
	Paths() []string
	// Source is what is in one, and false if there is none.
	Source(path string) (string, bool)
}

// FS reads the Lua files of a file system, such as an embed.FS.
func FS(fsys fs.FS) (Sources, error) {
	files := files{}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".lua" {
			return err
		}
		data, err := fs.ReadFile(fsys, name)
		files[name] = string(data)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("scripts: %w", err)
	}
	return files, nil
}

// files are sources in memory, by path.
type files map[string]string

var _ Sources = files{}

// Paths implements [Sources].
func (f files) Paths() []string {
	var paths []string
	for p := range f {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	return paths
}

// Source implements [Sources].
func (f files) Source(path string) (string, bool) {
	source, ok := f[path]
	return source, ok
}
