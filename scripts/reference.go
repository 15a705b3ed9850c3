package scripts

import (
	"fmt"
	"strings"
)

//go:generate go test . -run ^TestTheReadmeIsUpToDate$ -update

// Reference is the API in Markdown: what README.md ends with.
func Reference() string {
	var r reference
	for _, c := range classes() {
		r.class(c)
		switch c.at {
		case "place":
			r.heading("Events", "What `place.on` hears of, and what its handlers are given. In any order; several handlers of one event run in the order they were declared in.")
			r.fields("", eventNames)
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

func (r *reference) class(c class) {
	r.heading("`"+reachedBy(c)+"`", c.doc)
	before := c.prefix()
	r.fields(strings.Replace(before, ":", ".", 1), c.fields)
	if len(c.functions) > 0 {
		r.WriteString("\n")
	}
	for _, f := range c.functions {
		fmt.Fprintf(r, "- `%s%s%s`: %s\n", before, f.name, f.signature, lower(f.doc))
	}
}

// prefix is what stands before the names in a class: "place.", "entity:".
func (c class) prefix() string {
	_, isModule := c.module()
	name := strings.ToLower(c.variable())
	switch {
	case c.at == aclFile:
		return ""
	case c.name == trialClass().name:
		return "t."
	case c.at != "" && !isModule:
		return c.at + "."
	case c.method:
		return strings.TrimPrefix(name, "test") + ":"
	}
	return name + "."
}

// reachedBy is what a class goes by: how it is reached, or what it is called.
func reachedBy(c class) string {
	if c.at != "" {
		return c.at
	}
	return c.name
}

func (r *reference) fields(before string, fields []field) {
	if len(fields) > 0 {
		r.WriteString("\n")
	}
	for _, f := range fields {
		settable := ""
		if f.writable {
			settable = ", can be set"
		}
		fmt.Fprintf(r, "- `%s%s`: `%s`%s; %s\n", before, f.name, f.typ, settable, f.doc)
	}
}

func (r *reference) shape(s shape) {
	fmt.Fprintf(r, "\n`%s`: %s\n", s.name, lower(s.doc))
	r.fields("", s.fields)
}

// lower begins a text with a small letter, unless it begins with a name.
func lower(text string) string {
	if len(text) < 2 || strings.ToUpper(text[:2]) == text[:2] && text[1] != ' ' {
		return text
	}
	return strings.ToLower(text[:1]) + text[1:]
}
