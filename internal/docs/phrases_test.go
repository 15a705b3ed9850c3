package docs

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// banned are phrases that make a sentence hard to read. Write reports whether, returns the,
// every agent that, again, so that … not instead.
var banned = regexp.MustCompile(`(?i)\b(tells whether|gives the|whoever|whom|anew|lest)\b`)

// bannedPhrases returns the banned phrases in text, each with its line number.
func bannedPhrases(text []byte) (lines []int, phrases []string) {
	for i, line := range bytes.Split(text, []byte("\n")) {
		for _, found := range banned.FindAll(line, -1) {
			lines, phrases = append(lines, i+1), append(phrases, string(found))
		}
	}
	return lines, phrases
}

func TestBannedPhrasesAreFound(t *testing.T) {
	lines, phrases := bannedPhrases([]byte("// ok\n// X tells whether it is.\n\nWhoever renewed it; Anew.\n"))
	if len(lines) != 3 || lines[0] != 2 || lines[1] != 4 || phrases[2] != "Anew" {
		t.Errorf("found %q in lines %v", phrases, lines)
	}
}

// TestPlainEnglish checks the tracked files of every kind except tests and others' licences.
func TestPlainEnglish(t *testing.T) {
	out, err := exec.Command("git", "-C", root, "ls-files", "-z").Output()
	if err != nil {
		t.Skip("not a git checkout: ", err)
	}
	checked := 0
	for name := range strings.SplitSeq(strings.TrimRight(string(out), "\x00"), "\x00") {
		switch filepath.Ext(name) {
		case ".go", ".md", ".lua", ".c", ".h", ".tmpl", ".html", ".ts", ".js", ".py":
		default:
			continue
		}
		if strings.HasSuffix(name, "_test.go") || strings.HasSuffix(name, "_test.lua") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, name))
		if os.IsNotExist(err) { // deleted, but not committed yet
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		checked++
		lines, phrases := bannedPhrases(text)
		for i, line := range lines {
			t.Errorf("%s:%d: %q", name, line, phrases[i])
		}
	}
	if checked < 100 {
		t.Errorf("only %d files were checked", checked)
	}
}
