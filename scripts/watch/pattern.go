package watch

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// Sources are the patterns of what a running place is made of.
func Sources() []string {
	return []string{"place.lua", "acl.lua", "components/*.lua", "lib/**/*.lua"}
}

// SourcesAndTests are those of [Sources] and the place's tests.
func SourcesAndTests() []string { return append(Sources(), "tests/**/*.lua") }

// A pattern is split at its slashes: "lib/**/*.lua" is [lib ** *.lua]. Each
// segment is one of [path.Match], or "**" for any number of directories.
type pattern []string

type patterns []pattern

func parsePatterns(sources []string) (patterns, error) {
	if len(sources) == 0 {
		sources = Sources()
	}
	all := make(patterns, 0, len(sources))
	for _, source := range sources {
		p := pattern(strings.Split(source, "/"))
		for _, segment := range p {
			_, err := path.Match(segment, "")
			if err != nil || segment == "" || segment == "." || segment == ".." {
				return nil, fmt.Errorf("pattern %q: %q is no name or wildcard in a place's directory", source, segment)
			}
		}
		if p[len(p)-1] == "**" {
			return nil, fmt.Errorf("pattern %q: after ** there must be a file's name, as in **/*.lua", source)
		}
		all = append(all, p)
	}
	return all, nil
}

// match says whether the file at name, relative and with slashes, counts.
func (all patterns) match(name string) bool {
	segments := strings.Split(name, "/")
	return slices.ContainsFunc(all, func(p pattern) bool { return p.match(segments) })
}

// leads says whether below the directory at name there may be files that count.
func (all patterns) leads(name string) bool {
	segments := strings.Split(name, "/")
	return slices.ContainsFunc(all, func(p pattern) bool { return p.leads(segments) })
}

// counts says whether at the path there can be a file that counts, or a directory
// that may hold some.
func (all patterns) counts(name string) bool { return all.match(name) || all.leads(name) }

func (p pattern) match(name []string) bool {
	switch {
	case len(p) == 0:
		return len(name) == 0
	case p[0] == "**":
		return p[1:].match(name) || len(name) > 0 && p.match(name[1:])
	}
	return len(name) > 0 && matchSegment(p[0], name[0]) && p[1:].match(name[1:])
}

func (p pattern) leads(name []string) bool {
	switch {
	case len(name) == 0:
		return len(p) > 0
	case len(p) == 0:
		return false
	case p[0] == "**":
		return true
	}
	return matchSegment(p[0], name[0]) && p[1:].leads(name[1:])
}

func matchSegment(segment, name string) bool {
	ok, err := path.Match(segment, name)
	return ok && err == nil
}

// ignored says whether a file or directory of this name never counts: hidden ones
// (with them .git, swap files and emacs' locks) and what editors leave beside a
// file while they save it. 4913 is how vim tries whether it may write.
func ignored(name string) bool {
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "#") || strings.HasSuffix(name, "~") {
		return true
	}
	switch path.Ext(name) {
	case ".swp", ".swo", ".swx", ".tmp":
		return true
	}
	return name == "4913"
}
