package watch

import (
	"io/fs"
	"os"
	"slices"
	"time"
)

// coarsest is the step of the coarsest clock that file times come from (FAT's). A
// file written within a step of being read can change again without it showing.
const coarsest = 2 * time.Second

// A survey is what one walk found: which files there are, unread, and what has to
// be watched to hear of changes.
type survey struct {
	began    time.Time
	root     string              // the place's directory, physically
	files    []found             // in the order of the walk
	folders  map[string][]string // physical directory → the paths it has in the place, "." for its own
	spots    map[string]bool     // physical paths whose replacement changes where a link leads
	watched  map[string]bool     // physical directories that have to be watched
	problems []Problem
}

// found is a file that counts: its path in the place, where it is physically
// (relative to the root), and what the file system said about it.
type found struct {
	path, place string
	info        fs.FileInfo
}

// unchanged says whether, going by names, sizes and times alone, the files are
// those that were read after the earlier survey.
func (s *survey) unchanged(since *survey) bool {
	return s.root == since.root &&
		slices.EqualFunc(s.files, since.files, sameFile) &&
		slices.EqualFunc(s.problems, since.problems, sameProblem) &&
		!slices.ContainsFunc(s.files, func(f found) bool {
			return f.info.ModTime().Add(coarsest).After(since.began)
		})
}

func sameFile(a, b found) bool {
	return a.path == b.path && a.place == b.place && os.SameFile(a.info, b.info) &&
		a.info.Size() == b.info.Size() && a.info.Mode() == b.info.Mode() &&
		a.info.ModTime().Equal(b.info.ModTime())
}

func sameProblem(a, b Problem) bool {
	return a.Path == b.Path && a.Err.Error() == b.Err.Error()
}
