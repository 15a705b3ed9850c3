package scripts

import (
	"embed"
	"io/fs"
)

//go:embed bundled
var bundledFiles embed.FS

// Bundled are the scripts of a place that has none of its own: a plain open place.
func Bundled() Sources {
	sub, err := fs.Sub(bundledFiles, "bundled")
	if err != nil {
		panic(err)
	}
	sources, err := FS(sub)
	if err != nil {
		panic(err)
	}
	return sources
}
