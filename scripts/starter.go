package scripts

import (
	"embed"
	"io/fs"
	"strings"
)

//go:embed all:starter
var starterFiles embed.FS

// editorFile is where editors read what they are to know of a place's directory.
const editorFile = ".luarc.json"

// Starter is a place to begin with, a file each by its path: a door, a lamp, a greeter, a
// rule, tests, and what editors need.
func Starter() map[string]string {
	files := EditorFiles()
	err := fs.WalkDir(starterFiles, "starter", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := starterFiles.ReadFile(name)
		files[strings.TrimPrefix(name, "starter/")] = string(data)
		return err
	})
	if err != nil {
		panic(err) // it is in the program
	}
	return files
}

// EditorFiles are what editors with the Lua language server need to know the API, by
// their paths in a place's directory.
func EditorFiles() map[string]string {
	settings, err := starterFiles.ReadFile("starter/" + editorFile)
	if err != nil {
		panic(err) // likewise
	}
	files := map[string]string{editorFile: string(settings)}
	for path, text := range Definitions() {
		files[".loci/"+path] = text
	}
	return files
}
