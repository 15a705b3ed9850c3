package acl

import (
	"fmt"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"
)

// guard is one guard of a pattern, compiled. Programs are shared by all who run
// them.
type guard struct {
	source  string
	program *vm.Program
}

// guards are all of a pattern, and what they need in their environment.
type guards struct {
	all        []guard
	constants  []constant
	operations []string
}

// compileGuards emits the guards and hands them to expr. Bound are the variables
// that the pattern binds.
func compileGuards(nodes []node, bound []string) (guards, error) {
	if len(nodes) == 0 {
		return guards{}, nil
	}
	e := emitter{used: map[string]bool{}}
	sources := make([]string, len(nodes))
	for i, n := range nodes {
		e.out = e.out[:0]
		e.truth(n)
		sources[i] = string(e.out)
	}
	g := guards{constants: e.constants}
	for operation := range e.used {
		g.operations = append(g.operations, operation)
	}
	f := newFrame(&g)
	for _, name := range bound {
		f.names["v_"+name] = nil
	}
	for _, source := range sources {
		program, err := compileProgram(source, f.names)
		if err != nil {
			return guards{}, err
		}
		g.all = append(g.all, guard{source, program})
	}
	return g, nil
}

// compileProgram compiles what an emitter wrote. An error is a mistake of ours.
func compileProgram(source string, names map[string]any) (*vm.Program, error) {
	program, err := expr.Compile(source,
		expr.Env(names),
		expr.DisableAllBuiltins(),
		expr.AsBool(), expr.WarnOnAny(), // either alone lets any value through
		expr.Optimize(false), // it rewrites what has no need of it
		expr.MaxNodes(8*MaxNodes))
	if err != nil {
		return nil, fmt.Errorf("acl: guard %s: %w", source, err)
	}
	return program, nil
}

// String gives one line for each guard, then one for each constant.
func (g *guards) String() string {
	var lines []string
	for _, guard := range g.all {
		lines = append(lines, guard.source)
	}
	for _, c := range g.constants {
		lines = append(lines, c.name+" = "+shown(c.value))
	}
	return strings.Join(lines, "\n")
}
