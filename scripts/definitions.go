package scripts

import (
	"fmt"
	"strings"
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
		if module, ok := c.module(); ok {
			var d definitions
			d.line("---@meta %s", module)
			d.class(c)
			d.line("return %s", c.variable())
			written[strings.ReplaceAll(module, ".", "/")+".lua"] = d.String()
			continue
		}
		all.class(c)
	}
	written["loci.lua"] = all.String()
	return written
}

// module is what a class is required by, if it is a module.
func (c class) module() (string, bool) {
	name, ok := strings.CutPrefix(c.at, `require "`)
	return strings.TrimSuffix(name, `"`), ok
}

// variable is what a class is called in the definitions.
func (c class) variable() string {
	if c.at == "place" {
		return "place"
	}
	return c.name[strings.LastIndexByte(c.name, '.')+1:]
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
	for _, e := range eventNames {
		d.line("---| %q # %s", e.name, e.doc)
	}
}

func (d *definitions) shape(s shape) {
	d.doc(s.doc)
	d.line("---@class %s", s.name)
	d.fields(s.fields)
	if s.more != "" {
		d.line("---@field [string] %s", s.more)
	}
}

func (d *definitions) fields(fields []field) {
	for _, f := range fields {
		d.line("---@field %s %s %s", f.name, f.typ, f.doc)
	}
}

func (d *definitions) class(c class) {
	d.doc(c.doc)
	if c.at == aclFile { // its functions are globals there
		for _, f := range c.functions {
			d.function("", f)
		}
		return
	}
	switch {
	case c.is != "":
		d.line("---@class %s: %s", c.name, c.is)
	default:
		d.line("---@class %s", c.name)
	}
	d.operators(c.name)
	d.fields(c.fields)
	if typ(c.name).open() {
		d.line("---@field [string] any a component, by its name")
	}
	before := c.variable() + "."
	switch {
	case c.at == "place":
		d.line("place = {}")
	case len(c.functions) > 0:
		d.line("local %s = {}", c.variable())
	}
	if c.method {
		before = c.variable() + ":"
	}
	for _, f := range c.functions {
		d.function(before, f)
	}
	d.line("")
}

// operators are those of the numbers that loci.vec makes.
func (d *definitions) operators(name string) {
	switch name {
	case vectorName:
		for _, operator := range []string{"add(loci.Vector|number[])", "sub(loci.Vector|number[])", "mul(number)", "div(number)", "unm"} {
			d.line("---@operator %s: loci.Vector", operator)
		}
	case quaternionName, matrixName:
		d.line("---@operator mul(%s): %[1]s", name)
		d.line("---@operator mul(loci.Vector): loci.Vector")
	}
}

func (d *definitions) function(before string, f function) {
	d.doc(f.doc)
	parameters, results := signatureOf(f.signature)
	var names []string
	for _, p := range parameters {
		names = append(names, strings.TrimSuffix(p.name, "?"))
		d.line("---@param %s %s", p.name, p.typ)
	}
	for _, r := range results {
		if r == "..." {
			r = "any ..."
		}
		d.line("---@return %s", r)
	}
	if before == "place." && f.name == "on" {
		d.overloads()
	}
	d.line("function %s%s(%s) end", before, f.name, strings.Join(names, ", "))
}

// overloads tell what the handler of each event is given.
func (d *definitions) overloads() {
	for _, e := range eventNames {
		d.line("---@overload fun(event: %q, handler: %s)", e.name, e.typ)
	}
}
