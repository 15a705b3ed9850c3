// Package visor is the page by which people walk into a place. It is built from src and page by
// npm (see README.md) into dist, which holds one page in the repository that says so.
package visor

import (
	"embed"
	"io/fs"
)

//go:embed dist
var dist embed.FS

// Files returns the visor's files, index.html among them.
func Files() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // it is embedded
	}
	if Built() {
		return built{files}
	}
	return files
}

// Built reports whether the visor was built into this program.
func Built() bool {
	_, err := fs.Stat(dist, "dist/visor.html")
	return err == nil
}

// built are the files with the built page as index.html, in place of the one in the repository.
type built struct{ fs.FS }

func (b built) Open(name string) (fs.File, error) {
	if name == "index.html" {
		name = "visor.html"
	}
	return b.FS.Open(name)
}
