package scripts

import (
	"fmt"
	"strings"

	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/lib"
)

//go:generate go test . -run ^TestTheReadmeIsUpToDate$ -update

// Reference is the API in Markdown: what README.md ends with.
func Reference() string {
	var r reference
	for _, c := range classes() {
		r.class(c)
		switch c.At {
		case "place":
			r.heading("Events", "What `place.on` hears of, and what its handlers are given. In any order; several handlers of one event run in the order they were declared in.")
			r.fields("", lib.EventNames)
		case aclFile:
			r.heading("Tables", "What scripts write down, or are given. What has a question mark may be missing.")
			for _, s := range shapes() {
				r.shape(s)
			}
		}
	}
	return strings.TrimSpace(r.String()) + "\n"
}

// reference writes it.
type reference struct{ strings.Builder }

func (r *reference) heading(name, doc string) {
	fmt.Fprintf(r, "\n### %s\n\n%s\n", name, doc)
}

func (r *reference) class(c api.Class) {
	r.heading("`"+reachedBy(c)+"`", c.Doc)
	before := prefixOf(c)
	r.fields(strings.Replace(before, ":", ".", 1), c.Fields)
	if len(c.Functions) > 0 {
		r.WriteString("\n")
	}
	for _, f := range c.Functions {
		fmt.Fprintf(r, "- `%s%s%s`: %s\n", before, f.Name, f.Signature, lower(f.Doc))
	}
}

// prefixOf is what stands before the names in a class: "place.", "entity:".
func prefixOf(c api.Class) string {
	_, isModule := c.Module()
	name := strings.ToLower(c.Variable())
	switch {
	case c.At == aclFile:
		return ""
	case c.Name == luatestClass().Name:
		return "t."
	case c.At != "" && !isModule:
		return c.At + "."
	case c.Method:
		return strings.TrimPrefix(name, "test") + ":"
	}
	return name + "."
}

// reachedBy is what a class goes by: how it is reached, or what it is called.
func reachedBy(c api.Class) string {
	if c.At != "" {
		return c.At
	}
	return c.Name
}

func (r *reference) fields(before string, fields []api.Field) {
	if len(fields) > 0 {
		r.WriteString("\n")
	}
	for _, f := range fields {
		settable := ""
		if f.Writable {
			settable = ", can be set"
		}
		fmt.Fprintf(r, "- `%s%s`: `%s`%s; %s\n", before, f.Name, f.Type, settable, f.Doc)
	}
}

func (r *reference) shape(s api.Shape) {
	fmt.Fprintf(r, "\n`%s`: %s\n", s.Name, lower(s.Doc))
	r.fields("", s.Fields)
}

// lower begins a text with a small letter, unless it begins with a name.
func lower(text string) string {
	if len(text) < 2 || strings.ToUpper(text[:2]) == text[:2] && text[1] != ' ' {
		return text
	}
	return strings.ToLower(text[:1]) + text[1:]
}
