package scripts

import (
	"fmt"
	"strings"

	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/lib"
)

// Definitions are files that tell editors with the Lua language server what scripts can
// do, by their paths in a directory that its workspace.library names.
func Definitions() map[string]string {
	var all definitions
	all.line("---@meta")
	all.line("")
	all.line("-- What loci's scripts can do, for editors. Generated: whatever is changed here is lost.")
	all.events()
	for _, s := range shapes() {
		all.shape(s)
	}
	written := map[string]string{}
	for _, c := range classes() {
		if module, ok := c.Module(); ok {
			var d definitions
			d.line("---@meta %s", module)
			d.class(c)
			d.line("return %s", c.Variable())
			written[strings.ReplaceAll(module, ".", "/")+".lua"] = d.String()
			continue
		}
		all.class(c)
	}
	written["loci.lua"] = all.String()
	return written
}

// definitions writes them.
type definitions struct{ strings.Builder }

func (d *definitions) line(format string, args ...any) { fmt.Fprintf(d, format+"\n", args...) }

func (d *definitions) doc(text string) {
	d.line("")
	d.line("---%s", text)
}

// events are the alias of all events' names.
func (d *definitions) events() {
	d.doc("What place.on hears of.")
	d.line("---@alias loci.Event")
	for _, e := range lib.EventNames {
		d.line("---| %q # %s", e.Name, e.Doc)
	}
}

func (d *definitions) shape(s api.Shape) {
	d.doc(s.Doc)
	d.line("---@class %s", s.Name)
	d.fields(s.Fields)
	if s.More != "" {
		d.line("---@field [string] %s", s.More)
	}
}

func (d *definitions) fields(fields []api.Field) {
	for _, f := range fields {
		d.line("---@field %s %s %s", f.Name, f.Type, f.Doc)
	}
}

func (d *definitions) class(c api.Class) {
	d.doc(c.Doc)
	if c.At == aclFile { // its functions are globals there
		for _, f := range c.Functions {
			d.function("", f)
		}
		return
	}
	switch {
	case c.Is != "":
		d.line("---@class %s: %s", c.Name, c.Is)
	default:
		d.line("---@class %s", c.Name)
	}
	for _, operator := range c.Operators {
		d.line("---@operator %s", operator)
	}
	d.fields(c.Fields)
	if c.Open {
		d.line("---@field [string] any a component, by its name")
	}
	before := c.Variable() + "."
	switch {
	case c.At == "place":
		d.line("place = {}")
	case len(c.Functions) > 0:
		d.line("local %s = {}", c.Variable())
	}
	if c.Method {
		before = c.Variable() + ":"
	}
	for _, f := range c.Functions {
		d.function(before, f)
	}
	d.line("")
}

func (d *definitions) function(before string, f api.Function) {
	d.doc(f.Doc)
	parameters, results := api.Signature(f.Signature)
	var names []string
	for _, p := range parameters {
		names = append(names, strings.TrimSuffix(p.Name, "?"))
		d.line("---@param %s %s", p.Name, p.Type)
	}
	for _, r := range results {
		if r == "..." {
			r = "any ..."
		}
		d.line("---@return %s", r)
	}
	if before == "place." && f.Name == "on" {
		d.overloads()
	}
	d.line("function %s%s(%s) end", before, f.Name, strings.Join(names, ", "))
}

// overloads tell what the handler of each event is given.
func (d *definitions) overloads() {
	for _, e := range lib.EventNames {
		d.line("---@overload fun(event: %q, handler: %s)", e.Name, e.Type)
	}
}
