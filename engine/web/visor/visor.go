// Package visor is the page by which people walk into a place. The files in dist are built; what is
// kept in the repository is one page that stands there until they are.
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
	return files
}
