package watch

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Read takes a snapshot of the directory: the files that match one of the
// patterns, or of [Sources] if none is given. A pattern is a path in the
// directory, with slashes, whose segments may have the wildcards of [path.Match],
// and where "**" stands for any number of directories. Names that begin with "."
// or "#" or end in "~", and editors' temporary files, never count.
//
// What cannot be read is told by [Snapshot.Err]. The error is for what leaves no
// snapshot: a directory that is not there, or a pattern that is none.
func Read(dir string, patterns ...string) (*Snapshot, error) { return read(dir, patterns, readFile) }

// ReadMarks is Read for a [Watcher] with Marks: it opens no file.
func ReadMarks(dir string, patterns ...string) (*Snapshot, error) { return read(dir, patterns, mark) }

func read(dir string, patterns []string, with reader) (*Snapshot, error) {
	wanted, err := parsePatterns(patterns)
	if err != nil {
		return nil, err
	}
	snapshot, _, err := take(dir, wanted, with, func(string) {})
	return snapshot, err
}

// take walks and reads. The survey is there even after an error.
func take(dir string, wanted patterns, read reader, watch func(dir string)) (*Snapshot, *survey, error) {
	survey, root, err := walk(dir, wanted, watch)
	if err != nil {
		return nil, survey, err
	}
	defer root.Close()
	return load(dir, root, survey, read), survey, nil
}

// reader returns what a file is compared by.
type reader func(root *os.Root, file found) (string, error)

// mark is a [reader] that does not open the file. Of an empty file it returns "", as its
// content would be.
func mark(_ *os.Root, file found) (string, error) {
	if file.info.Size() == 0 {
		return "", nil
	}
	return fmt.Sprint(file.info.Size(), " ", file.info.ModTime().UnixNano()), nil
}

// load reads the files of a survey. One that went since is left out.
func load(dir string, root *os.Root, from *survey, read reader) *Snapshot {
	s := &Snapshot{dir: dir, sources: make(map[string]string, len(from.files)), problems: from.problems}
	total := 0
	for _, file := range from.files {
		source, err := read(root, file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil && total+len(source) > MaxTotalBytes {
			err = fmt.Errorf("%w: %d bytes in all files together", ErrLimit, MaxTotalBytes)
		}
		if err != nil {
			s.problems = append(s.problems[:len(s.problems):len(s.problems)], Problem{Path: file.path, Err: err})
			continue
		}
		total += len(source)
		s.sources[file.path] = source
	}
	return s
}

func readFile(root *os.Root, from found) (string, error) {
	file, err := root.Open(filepath.FromSlash(from.place))
	if err != nil {
		return "", plain(err)
	}
	defer file.Close()
	source, err := io.ReadAll(io.LimitReader(file, MaxFileBytes+1))
	if err != nil {
		return "", plain(err)
	}
	if len(source) > MaxFileBytes {
		return "", fmt.Errorf("%w: %d bytes in one file", ErrLimit, MaxFileBytes)
	}
	return string(source), nil
}
