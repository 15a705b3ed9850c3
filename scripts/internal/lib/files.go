package lib

import (
	"path"
	"strings"
)

// Sources are the files of a place, see scripts.Sources.
type Sources interface {
	Paths() []string
	Source(path string) (string, bool)
}

// IsComponent reports whether a file describes a component: components/door.lua.
func IsComponent(file string) bool {
	rest, ok := strings.CutPrefix(file, "components/")
	return ok && strings.HasSuffix(rest, ".lua") && !strings.Contains(rest, "/")
}

// IsTest reports whether a file has tests.
func IsTest(file string) bool {
	ok, _ := path.Match("tests/*_test.lua", file)
	return ok
}

// ModuleSource finds what require means: "doors" and "lib.doors" are lib/doors.lua, or
// tests/host/doors.lua where that may stand in for a module of the host's.
func ModuleSource(s Sources, name string, standIns bool) (source, chunk string, ok bool) {
	file := strings.TrimPrefix(strings.ReplaceAll(name, ".", "/"), "lib/")
	if standIns {
		chunk = "tests/host/" + file + ".lua"
		if source, ok = s.Source(chunk); ok {
			return source, chunk, ok
		}
	}
	chunk = "lib/" + file + ".lua"
	source, ok = s.Source(chunk)
	return source, chunk, ok
}
