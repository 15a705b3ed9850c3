package docs

import (
	"slices"
	"testing"
	"testing/fstest"
)

// site is a small documentation.
var site = fstest.MapFS{
	"README.md": {Data: []byte("# Site\n## A `b`, c\n## Twice\n## Twice\n```\n# not a heading\n[x](nowhere.md)\n```\n" +
		"`[x](nowhere.md)` [a](#a-b-c) [b](#twice-1) [c](doc/MORE.md#here) [d](https://example.org/none) [e](doc)\n" +
		"[1](#not-a-heading) [2](doc/MORE.md#gone) [3](doc/GONE.md) [4](#twice-2)\n")},
	"doc/MORE.md": {Data: []byte("## Here\n[up](../README.md#site)\n")},
}

func TestBrokenLinksAreFound(t *testing.T) {
	for name, want := range map[string][]string{
		"README.md":   {"#not-a-heading", "doc/MORE.md#gone", "doc/GONE.md", "#twice-2"},
		"doc/MORE.md": nil,
	} {
		if got, err := brokenLinks(site, name); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v; want %q", name, got, err, want)
		}
	}
}

func TestBrokenCitationsAreFound(t *testing.T) {
	for source, want := range map[string][]string{
		"// see (doc/MORE.md, \"Here\")":                        nil,
		"// see (MORE.md, \"Here\")":                            nil,
		"\t// see (doc/MORE.md,\n\t// \"Here\") for it":         nil,
		"-- see (README.md, \"Site\" and\n-- \"Twice\")":        nil,
		"// see (README.md, \"Site\" and \"Gone\")":             {`README.md, "Gone"`},
		"// see (README.md, \"here\")":                          {`README.md, "here"`},
		"// see (doc/GONE.md, \"Here\")":                        {`doc/GONE.md, "Here"`},
		"// as it should be (protocol\n// section 3), for long": {"protocol section 3"},
	} {
		if got := brokenCitations(site, "doc/x.go", source); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", source, got, want)
		}
	}
}
