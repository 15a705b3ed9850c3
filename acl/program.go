package acl

import (
	"fmt"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"
)

// guard is a compiled guard. Its program is safe for concurrent use.
type guard struct {
	source  string
	program *vm.Program
}

// guards are all guards of a pattern, and what their environment must contain.
type guards struct {
	all        []guard
	constants  []constant
	operations []string
}

// compileGuards emits the guards and compiles them with expr. bound has the
// variables that the pattern binds.
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

// compileProgram compiles what an emitter wrote. An error is a bug.
func compileProgram(source string, names map[string]any) (*vm.Program, error) {
	program, err := expr.Compile(source,
		expr.Env(names),
		expr.DisableAllBuiltins(),
		expr.AsBool(), expr.WarnOnAny(), // either alone lets any value through
		expr.Optimize(false), // its rewriting gains nothing here
		expr.MaxNodes(8*MaxNodes))
	if err != nil {
		return nil, fmt.Errorf("acl: guard %s: %w", source, err)
	}
	return program, nil
}

// String returns a line for each guard, then one for each constant.
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
