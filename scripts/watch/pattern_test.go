package watch

import "testing"

func mustParse(t testing.TB, sources ...string) patterns {
	t.Helper()
	p, err := parsePatterns(sources)
	ok(t, err)
	return p
}

func TestPatterns(t *testing.T) {
	tests := []struct {
		pattern, path string
		match, leads  bool
	}{
		{"place.lua", "place.lua", true, false},
		{"place.lua", "lib/place.lua", false, false},
		{"components/*.lua", "components", false, true},
		{"components/*.lua", "components/door.lua", true, false},
		{"components/*.lua", "components/deep/door.lua", false, false},
		{"lib/**/*.lua", "lib", false, true},
		{"lib/**/*.lua", "lib/a.lua", true, true},
		{"lib/**/*.lua", "lib/a/b/c.lua", true, true},
		{"lib/**/*.lua", "lib/a/b/c.txt", false, true},
		{"lib/**/*.lua", "library/a.lua", false, false},
		{"**/init.lua", "init.lua", true, true},
		{"**/x/**/y.lua", "a/x/b/x/y.lua", true, true},
		{"**/x/**/y.lua", "a/b/y.lua", false, true},
	}
	for _, test := range tests {
		p := mustParse(t, test.pattern)
		if match, leads := p.match(test.path), p.leads(test.path); match != test.match || leads != test.leads {
			t.Errorf("%s on %s: match %v, leads %v", test.pattern, test.path, match, leads)
		}
	}
}

func TestNewNamesTheFieldItRefuses(t *testing.T) {
	tests := map[string]Config{
		`Patterns: pattern "../x.lua": ".." is no name or wildcard in a place's directory`: {Patterns: []string{"../x.lua"}},
		`Patterns: pattern "/x.lua": "" is no name or wildcard in a place's directory`:     {Patterns: []string{"/x.lua"}},
		`Patterns: pattern "[": "[" is no name or wildcard in a place's directory`:         {Patterns: []string{"["}},
		`Patterns: pattern "lib/**": after ** there must be a file's name, as in **/*.lua`: {Patterns: []string{"lib/**"}},
		"Quiet: -1ns is negative":                                  {Quiet: -1},
		"AtMost: -1ns is negative":                                 {AtMost: -1},
		"Poll: -1ns means never, and PollOnly leaves nothing else": {Poll: -1, PollOnly: true},
	}
	for want, config := range tests {
		if _, err := New("x", config); err == nil || err.Error() != want {
			t.Errorf("New: %v\nwant %s", err, want)
		}
	}
}
