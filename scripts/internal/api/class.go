package api

import (
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// Class describes a table or a value of the host's that scripts use.
type Class struct {
	Name      string // as editors call its type: "loci.Entity"
	At        string // how it is reached: "place.log", or `require "loci.vec"`; "" if it is handed out
	Is        string // the type that its values are as well, "" for none
	Method    bool   // its functions are called with a colon
	Open      bool   // its values have more than is described: entities have components
	Doc       string
	Fields    []Field
	Functions []Function
	Operators []string // as editors write them: "unm: loci.Vector"
}

// Field is a value that scripts read, and write where it says so.
type Field struct {
	Name, Type, Doc string
	Writable        bool
}

// Function is one that scripts call. The signature has its parameters and results as
// editors write types: "(seconds: number, fn: fun()): loci.Timer".
type Function struct {
	Name, Signature, Doc string
	Call                 lua.LGFunction
	// Price is what a call counts in instructions of 20 ns, as it was measured. What is
	// converted to or from plain data counts besides, by its size. 0 means DefaultPrice.
	Price int
}

// Prices of what functions do, in instructions of 20 ns, as it was measured.
const (
	// DefaultPrice is for a function that does little more than look something up.
	DefaultPrice = 12
	// WritePrice is for each change of a component.
	WritePrice = 50
	// EachPrice is for each entity or agent that is put into a list.
	EachPrice = 10
)

// Shape describes a table that scripts write down, or are given. The name of a field that
// may be missing ends with a question mark.
type Shape struct {
	Name, Doc string
	More      string // the type of what else may be in it, by names; "" if nothing may
	Fields    []Field
}

// Names returns the names of everything in a class, for suggestions.
func (c Class) Names() []string {
	var all []string
	for _, f := range c.Fields {
		all = append(all, f.Name)
	}
	return append(all, c.FunctionNames()...)
}

// FunctionNames returns the names of a class's functions.
func (c Class) FunctionNames() []string {
	var all []string
	for _, f := range c.Functions {
		all = append(all, f.Name)
	}
	return all
}

// Field returns the field of a name, and whether there is one.
func (c Class) Field(name string) (Field, bool) {
	i := slices.IndexFunc(c.Fields, func(f Field) bool { return f.Name == name })
	if i < 0 {
		return Field{}, false
	}
	return c.Fields[i], true
}

// Function returns the function of a name, and whether there is one.
func (c Class) Function(name string) (Function, bool) {
	i := slices.IndexFunc(c.Functions, func(f Function) bool { return f.Name == name })
	if i < 0 {
		return Function{}, false
	}
	return c.Functions[i], true
}

// Module returns the name that a class is required by, and whether it is a module.
func (c Class) Module() (string, bool) {
	name, ok := strings.CutPrefix(c.At, `require "`)
	return strings.TrimSuffix(name, `"`), ok
}

// Variable returns what a class is called in the editors' definitions.
func (c Class) Variable() string {
	if c.At == "place" {
		return "place"
	}
	return c.Name[strings.LastIndexByte(c.Name, '.')+1:]
}

// Called returns what a class's values are called in a script.
func (c Class) Called() string {
	if _, isModule := c.Module(); c.At != "" && !isModule {
		return c.At
	}
	return c.Name
}
