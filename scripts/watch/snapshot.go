package watch

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// A Snapshot is the files that count at one moment. It does not change, and may be
// used by several goroutines.
type Snapshot struct {
	dir      string
	sources  map[string]string
	problems []Problem
}

// A Problem is a file or directory that should be in a snapshot and could not be
// read. Path is relative to the place's directory, with slashes.
type Problem struct {
	Path string
	Err  error
}

func (p Problem) Error() string { return fmt.Sprintf("%s: %v", p.Path, p.Err) }
func (p Problem) Unwrap() error { return p.Err }

// Dir is the directory as it was given to [Read] or [New].
func (s *Snapshot) Dir() string { return s.dir }

// Paths are the files in it, sorted, relative to the directory, with slashes:
// "components/door.lua".
func (s *Snapshot) Paths() []string { return slices.Sorted(maps.Keys(s.sources)) }

// Source is the content of a file, by its path as in [Snapshot.Paths]; false if
// there is no such file.
func (s *Snapshot) Source(path string) (string, bool) {
	source, ok := s.sources[path]
	return source, ok
}

// Err is nil if everything could be read, or else all that could not, one
// [Problem] each, joined. A place should not run a snapshot that has one.
func (s *Snapshot) Err() error {
	errs := make([]error, len(s.problems))
	for i, problem := range s.problems {
		errs[i] = problem
	}
	return errors.Join(errs...)
}

// Changes are the paths that are not the same in both: added, removed, with other
// content, or with a problem that is new, gone or another one; sorted.
func (s *Snapshot) Changes(since *Snapshot) []string {
	before, after := since.states(), s.states()
	var changed []string
	for path, state := range after {
		if old, ok := before[path]; !ok || old != state {
			changed = append(changed, path)
		}
	}
	for path := range before {
		if _, ok := after[path]; !ok {
			changed = append(changed, path)
		}
	}
	slices.Sort(changed)
	return changed
}

// state is what a path is compared by.
type state struct{ source, problem string }

func (s *Snapshot) states() map[string]state {
	states := make(map[string]state, len(s.sources)+len(s.problems))
	for path, source := range s.sources {
		states[path] = state{source: source}
	}
	for _, problem := range s.problems {
		known := states[problem.Path]
		known.problem += problem.Err.Error() + "\n"
		states[problem.Path] = known
	}
	return states
}
