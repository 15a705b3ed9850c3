package watch

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxLinks is how many links one path may pass, as on Linux.
const maxLinks = 40

// resolve follows the links of an absolute path to where it leads physically.
// Unlike filepath.EvalSymlinks it also tells the spots on which that depends: each
// link passed, and what is missing if it leads nowhere. Then real is the missing
// spot, with an error of the file system.
func resolve(path string) (real string, spots []string, err error) {
	real, rest := splitPath(path)
	for links := 0; len(rest) > 0; {
		next := filepath.Join(real, rest[0])
		rest = rest[1:]
		info, err := os.Lstat(next)
		if err != nil {
			return next, append(spots, next), err
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			real = next
			continue
		}
		spots = append(spots, next)
		if links++; links > maxLinks {
			return next, spots, ErrCircle
		}
		target, err := os.Readlink(next)
		if err != nil {
			return next, spots, err
		}
		base, segments := splitPath(target)
		if filepath.IsAbs(target) {
			real = base
		}
		rest = append(segments, rest...)
	}
	return real, spots, nil
}

// splitPath returns the root of a path's volume, and the names after it.
func splitPath(path string) (root string, names []string) {
	volume := filepath.VolumeName(path)
	separator := string(filepath.Separator)
	for name := range strings.SplitSeq(filepath.ToSlash(path[len(volume):]), "/") {
		if name != "" {
			names = append(names, name)
		}
	}
	return volume + separator, names
}

// within returns the path of real relative to root, with slashes; false if it is
// outside.
func within(root, real string) (string, bool) {
	relative, err := filepath.Rel(root, real)
	if err != nil || !filepath.IsLocal(relative) {
		return "", false
	}
	return filepath.ToSlash(relative), true
}
