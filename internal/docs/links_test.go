package docs

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = "../.."

var (
	// A fence ends at its own line; what stands in it is no heading and no link.
	fence      = regexp.MustCompile("(?ms)^```.*?^```$")
	codeSpan   = regexp.MustCompile("`[^`\n]*`")
	headingRow = regexp.MustCompile(`(?m)^#+ (.*)$`)
	link       = regexp.MustCompile(`\]\(([^)\s]+)\)`)

	// A citation in a comment: netcode/PROTOCOL.md, "Connections" and "announce", or
	// netcode/README.md, "Verified agents".
	citation = regexp.MustCompile(`([\w./-]+\.md), ("[^"]+"(?: and "[^"]+")*)`)
	quoted   = regexp.MustCompile(`"([^"]+)"`)
	numbered = regexp.MustCompile(`(?i)protocol,? sections? \d`)
	comment  = regexp.MustCompile(`\n\s*(?://|--)\s*`) // a comment that goes on in the next line
)

// headings returns those of a Markdown document, in order.
func headings(doc string) []string {
	var all []string
	for _, h := range headingRow.FindAllStringSubmatch(fence.ReplaceAllString(doc, ""), -1) {
		all = append(all, h[1])
	}
	return all
}

// anchors returns what a document's headings are called in links, as GitHub derives it.
func anchors(doc string) map[string]bool {
	all := map[string]bool{}
	for _, h := range headings(doc) {
		kept := regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(h), "")
		name := strings.ReplaceAll(kept, " ", "-")
		for n, free := 1, name; ; n++ {
			if !all[free] {
				all[free] = true
				break
			}
			free = fmt.Sprintf("%s-%d", name, n)
		}
	}
	return all
}

// brokenLinks returns the relative links of the Markdown file at name in fsys that lead to no
// file or no heading.
func brokenLinks(fsys fs.FS, name string) ([]string, error) {
	doc, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, err
	}
	var broken []string
	text := codeSpan.ReplaceAllString(fence.ReplaceAllString(string(doc), ""), "")
	for _, l := range link.FindAllStringSubmatch(text, -1) {
		file, fragment, _ := strings.Cut(l[1], "#")
		if strings.Contains(file, ":") {
			continue // another site
		}
		to := name
		if file != "" {
			to = path.Join(path.Dir(name), file)
		}
		if _, err := fs.Stat(fsys, to); err != nil {
			broken = append(broken, l[1])
			continue
		}
		if fragment == "" {
			continue
		}
		target, err := fs.ReadFile(fsys, to)
		if err != nil || !anchors(string(target))[fragment] {
			broken = append(broken, l[1])
		}
	}
	return broken, nil
}

// brokenCitations returns what the source text at name cites that does not exist: headings,
// documents, and sections by number.
func brokenCitations(fsys fs.FS, name, source string) []string {
	text := comment.ReplaceAllString(source, " ")
	broken := numbered.FindAllString(text, -1)
	for _, c := range citation.FindAllStringSubmatch(text, -1) {
		doc, err := fs.ReadFile(fsys, c[1])
		if err != nil {
			doc, err = fs.ReadFile(fsys, path.Join(path.Dir(name), c[1]))
		}
		if err != nil {
			broken = append(broken, c[0])
			continue
		}
		has := map[string]bool{}
		for _, h := range headings(string(doc)) {
			has[h] = true
		}
		for _, q := range quoted.FindAllStringSubmatch(c[2], -1) {
			if !has[q[1]] {
				broken = append(broken, c[1]+", "+q[0])
			}
		}
	}
	return broken
}

// walk calls check with every file of the project whose name ends in one of the endings.
func walk(t *testing.T, check func(name string), endings ...string) {
	t.Helper()
	checked := 0
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "bin" || d.Name() == "node_modules") {
			return fs.SkipDir
		}
		for _, e := range endings {
			if filepath.Ext(name) == e && !d.IsDir() {
				checked++
				check(name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if checked == 0 {
		t.Fatal("there are no such files")
	}
}

func TestLinksLeadSomewhere(t *testing.T) {
	walk(t, func(name string) {
		broken, err := brokenLinks(os.DirFS(root), name)
		if err != nil {
			t.Error(err)
		}
		for _, l := range broken {
			t.Errorf("%s: %s leads nowhere", name, l)
		}
	}, ".md")
}

func TestCitedHeadingsExist(t *testing.T) {
	walk(t, func(name string) {
		if strings.HasPrefix(name, "internal/docs/") {
			return // examples of what is broken
		}
		source, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range brokenCitations(os.DirFS(root), name, string(source)) {
			t.Errorf("%s cites %s", name, c)
		}
	}, ".go", ".lua", ".md")
}
