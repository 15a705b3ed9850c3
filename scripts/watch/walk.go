package watch

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"
)

// A walker makes a survey.
type walker struct {
	*survey
	patterns patterns
	watch    func(dir string) // told each directory before it is listed
	opened   *os.Root
	looked   int            // directories looked into, by whichever path
	full     map[error]bool // limits already told of
}

var (
	errTooManyFiles   = fmt.Errorf("%w: %d files", ErrLimit, MaxFiles)
	errTooManyFolders = fmt.Errorf("%w: %d directories", ErrLimit, MaxFolders)
	errTooDeep        = fmt.Errorf("%w: %d directories one inside the other", ErrLimit, MaxDepth)
	errTooManyEntries = fmt.Errorf("%w: %d entries in one directory", ErrLimit, MaxFolderEntries)
)

// walk surveys the directory. The open root is the caller's to close. After an
// error, the survey still says what to watch to hear when there is a directory.
func walk(dir string, wanted patterns, watch func(dir string)) (*survey, *os.Root, error) {
	w := &walker{patterns: wanted, watch: watch, full: make(map[error]bool), survey: &survey{
		began:   time.Now(),
		folders: make(map[string][]string),
		spots:   make(map[string]bool),
		watched: make(map[string]bool),
	}}
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return w.survey, nil, err
	}
	w.root, err = w.follow(absolute)
	if err != nil {
		return w.survey, nil, err
	}
	w.opened, err = os.OpenRoot(w.root)
	if err != nil {
		return w.survey, nil, err
	}
	w.folder(".", ".", nil)
	return w.survey, w.opened, nil
}

// follow resolves a path, and has the directories watched on which the answer
// depends. It asks again after each that is new, as the answer may have changed
// before the watch was there.
func (w *walker) follow(path string) (string, error) {
	for {
		real, spots, err := resolve(path)
		news := false
		for _, spot := range append(spots, real) {
			w.spots[spot] = true
			news = w.need(filepath.Dir(spot)) || news
		}
		if !news {
			return real, err
		}
	}
}

// need has a directory watched, and says whether that is new in this walk. Links
// can ask for more directories than hold sources; past twice as many, changes in
// the rest are left to the poll.
func (w *walker) need(dir string) bool {
	if w.watched[dir] || len(w.watched) >= 2*MaxFolders {
		return false
	}
	w.watched[dir] = true
	w.watch(dir)
	return true
}

// folder looks into the directory with the given path in the place, which is
// physically at place; above are the places of those it is in.
func (w *walker) folder(name, place string, above []string) {
	real := filepath.Join(w.root, filepath.FromSlash(place))
	switch {
	case slices.Contains(above, place):
		w.problem(name, ErrCircle)
		return
	case len(above) > MaxDepth:
		w.problem(name, errTooDeep)
		return
	case w.looked == MaxFolders:
		w.limit(name, errTooManyFolders)
		return
	}
	w.looked++
	w.need(real)
	w.folders[real] = append(w.folders[real], name)
	entries, err := w.list(place)
	if err != nil {
		w.problem(name, err)
		return
	}
	for _, entry := range entries {
		w.entry(path.Join(name, entry), path.Join(place, entry), append(above, place))
	}
}

// list returns the names in a directory, sorted. One that is just gone is empty.
func (w *walker) list(place string) ([]string, error) {
	folder, err := w.opened.Open(place)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, plain(err)
	}
	defer folder.Close()
	names, err := folder.Readdirnames(MaxFolderEntries + 1)
	switch {
	case err == io.EOF || errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, plain(err)
	case len(names) > MaxFolderEntries:
		return nil, errTooManyEntries
	}
	slices.Sort(names)
	return names, nil
}

func (w *walker) entry(name, place string, above []string) {
	if ignored(path.Base(name)) || !w.patterns.counts(name) {
		return
	}
	info, err := w.opened.Lstat(place)
	if err == nil && info.Mode()&fs.ModeSymlink != 0 {
		place, info, err = w.link(place)
	} else if errors.Is(err, fs.ErrNotExist) {
		return // gone since it was listed
	}
	switch {
	case err != nil:
		w.problem(name, plain(err))
	case info.IsDir():
		if w.patterns.leads(name) {
			w.folder(name, place, above)
		}
	case w.patterns.match(name):
		w.file(found{path: name, place: place, info: info})
	}
}

// link gives where a link leads, if that is in the place's directory.
func (w *walker) link(place string) (string, fs.FileInfo, error) {
	full := filepath.Join(w.root, filepath.FromSlash(place))
	real, _, err := resolve(full)
	target, inside := within(w.root, real)
	if !inside {
		return "", nil, ErrOutside
	}
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		_, err = w.follow(full)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil, fmt.Errorf("a link that leads nowhere: %w", fs.ErrNotExist)
	}
	if err != nil {
		return "", nil, err
	}
	info, err := w.opened.Lstat(target)
	return target, info, err
}

func (w *walker) file(f found) {
	switch {
	case !f.info.Mode().IsRegular():
		w.problem(f.path, ErrNotRegular)
	case len(w.files) == MaxFiles:
		w.limit(f.path, errTooManyFiles)
	default:
		w.files = append(w.files, f)
	}
}

func (w *walker) problem(name string, err error) {
	w.problems = append(w.problems, Problem{Path: name, Err: err})
}

// limit is a problem of the whole place, told of once, where it was met.
func (w *walker) limit(name string, err error) {
	if !w.full[err] {
		w.full[err] = true
		w.problem(name, err)
	}
}

// plain takes the path out of an error of the file system; a Problem has its own.
func plain(err error) error {
	var in *fs.PathError
	if errors.As(err, &in) {
		return in.Err
	}
	return err
}
