package scripts

import lua "github.com/yuin/gopher-lua"

// class is a table or a value of the host's that scripts use. The runtime registers its
// functions, and the reference, the editors' definitions and the checker are written
// from the same description, so that they cannot drift apart.
type class struct {
	name      string // as editors call its type: "loci.Entity"
	at        string // what it is reached by: "place.log", or `require "loci.vec"`; "" if it is handed out
	is        string // the type that its values are as well, "" for none
	method    bool   // its functions are called with a colon
	doc       string
	fields    []field
	functions []function
}

// field is a value that scripts read, and write where it says so.
type field struct {
	name, typ, doc string
	writable       bool
}

// function is one that scripts call. The signature has its parameters and results as
// editors write types: "(seconds: number, fn: fun()): loci.Timer".
type function struct {
	name, signature, doc string
	call                 func(g *generation, L *lua.LState) int
}

// shape is a table that scripts write down, or are given: what is in it, for people and
// editors. A field that may be missing has a question mark behind its name.
type shape struct {
	name, doc string
	more      string // the type of what else may be in it, by names; "" if nothing may
	fields    []field
}

// classes are all of the API, in the order of the reference.
func classes() []class {
	return []class{
		placeClass(), entityClass(), agentClass(), requestClass(), timerClass(), taskClass(), subscriptionClass(),
		storeClass(), logClass(), jsonClass(),
		vecClass(), vectorClass(), quaternionClass(), matrixClass(),
		aclClass(), trialClass(), trialPlaceClass(), trialAgentClass(),
	}
}

// table makes a class's functions callable.
func (g *generation) table(c class) *lua.LTable {
	t := g.L.CreateTable(0, len(c.functions))
	for _, f := range c.functions {
		price := priceOf(c.name, f.name)
		t.RawSetString(f.name, g.L.NewFunction(func(L *lua.LState) int {
			g.s.Charge(L, price)
			return f.call(g, L)
		}))
	}
	return t
}

// names of everything in a class, for suggestions.
func (c class) names() []string {
	var all []string
	for _, f := range c.fields {
		all = append(all, f.name)
	}
	for _, f := range c.functions {
		all = append(all, f.name)
	}
	return all
}
