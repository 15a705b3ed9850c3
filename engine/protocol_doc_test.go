package engine

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// protocolDoc is what is written down of the protocol.
func protocolDoc(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../netcode/PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestProtocolDocNamesEveryVerb(t *testing.T) {
	headings := regexp.MustCompile(`(?m)^### (.*)$`).FindAllStringSubmatch(protocolDoc(t), -1)
	var named []string
	for _, h := range headings {
		named = append(named, strings.Split(h[1], ", ")...)
	}
	all := " " + strings.Join(named, " ") + " "
	for verb := range officialVerbs {
		if !strings.Contains(all, " "+verb+" ") {
			t.Errorf("%s has no heading", verb)
		}
	}
}

func TestProtocolDocNamesEveryComponent(t *testing.T) {
	doc := protocolDoc(t)
	for name := range shapes {
		if !strings.Contains(doc, "\n| `"+name+"` |") {
			t.Errorf("%s has no row", name)
		}
	}
	for name := range served {
		if !strings.Contains(doc, "\n| `"+name+"` |") {
			t.Errorf("%s has no row", name)
		}
	}
}
