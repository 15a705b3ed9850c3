package acl

import (
	"github.com/expr-lang/expr/vm"
)

// frame is what one run of a pattern's guards needs: expr's machine, which is not
// shareable, and the environment. Frames are kept by their pattern and used again.
//
// Operations do not stop the machine at an error, which would be slow and is up
// to the one who sends messages: they note it in the frame and give something, which
// counts for nothing.
type frame struct {
	machine vm.VM
	names   map[string]any // operations, constants and variables
	env     Env
	work    work
	held    []any       // by hold
	err     *GuardError // the first of this guard
	failure error       // the first of ours
}

func newFrame(g *guards) *frame {
	f := &frame{names: make(map[string]any, len(g.constants)+len(g.operations)+4)}
	for _, c := range g.constants {
		f.names[c.name] = c.value
	}
	for _, name := range g.operations {
		f.names[name] = operations[name](f)
	}
	return f
}

// run runs one guard.
func (f *frame) run(g *guard) (passed bool) {
	f.err = nil
	f.work -= work(len(g.program.Bytecode)) // it has no loops
	if f.work < 0 {
		f.fail(ErrTooMuchWork)
		return false
	}
	out, err := f.machine.Run(g.program, f.names)
	switch {
	case err != nil:
		f.fail(err)
	case f.work < 0:
		f.fail(ErrTooMuchWork)
	}
	return f.err == nil && f.failure == nil && out == true
}

// refuse notes an error of the guard.
func (f *frame) refuse(operation, reason string) {
	if f.err == nil {
		f.err = &GuardError{operation, reason}
	}
}

// want notes that an operation was given something else than it takes.
func (f *frame) want(operation, wanted string, v any) {
	if f.err == nil {
		f.err = &GuardError{operation, "not " + wanted + " but " + kindOf(v).String()}
	}
}

// fail notes an error of ours.
func (f *frame) fail(err error) {
	if f.failure == nil {
		f.failure = err
	}
}

// operations are what guards may call, by their names in expr's source: the
// operators, and the functions under their own names. Only these types are
// called without reflection.
var operations = map[string]func(*frame) any{
	"passes":   func(*frame) any { return func(v any) bool { return v == true } },
	"is_true":  func(f *frame) any { return f.isTrue },
	"eq":       func(f *frame) any { return func(a, b any) bool { return f.work.equal(a, b) } },
	"lt":       func(f *frame) any { return func(a, b any) bool { return f.work.compare(a, b) < 0 } },
	"le":       func(f *frame) any { return func(a, b any) bool { return f.work.compare(a, b) <= 0 } },
	"gt":       func(f *frame) any { return func(a, b any) bool { return f.work.compare(a, b) > 0 } },
	"ge":       func(f *frame) any { return func(a, b any) bool { return f.work.compare(a, b) >= 0 } },
	"within":   func(f *frame) any { return f.within },
	"hold":     func(f *frame) any { return f.hold },
	"is_held":  func(f *frame) any { return func(at, v any) bool { return f.work.equal(f.held[int(at.(float64))], v) } },
	"join":     func(f *frame) any { return f.join },
	"at":       func(f *frame) any { return f.at },
	"field":    func(f *frame) any { return f.field },
	"negate":   func(f *frame) any { return f.negate },
	"number":   func(f *frame) any { return f.number },
	"add":      func(f *frame) any { return f.arithmetic("+", plus) },
	"subtract": func(f *frame) any { return f.arithmetic("-", minus) },
	"multiply": func(f *frame) any { return f.arithmetic("*", times) },
	"divide":   func(f *frame) any { return f.divide },

	"is_binary":    isKind(kindText),
	"is_bitstring": isKind(kindText),
	"is_list":      isKind(kindList),
	"is_map":       isKind(kindMap),
	"is_number":    isKind(kindNumber),
	"is_nil":       func(*frame) any { return func(v any) bool { return v == nil } },
	"is_boolean":   func(*frame) any { return isBoolean },
	"is_integer":   func(*frame) any { return isInteger },
	"is_float":     func(*frame) any { return isFloat },
	"is_map_key":   func(f *frame) any { return f.isMapKey },

	"abs":   func(f *frame) any { return f.abs },
	"ceil":  func(f *frame) any { return f.rounded("ceil") },
	"floor": func(f *frame) any { return f.rounded("floor") },
	"round": func(f *frame) any { return f.rounded("round") },
	"trunc": func(f *frame) any { return f.rounded("trunc") },
	"div":   func(f *frame) any { return f.div },
	"rem":   func(f *frame) any { return f.rem },
	"max":   func(f *frame) any { return f.max },
	"min":   func(f *frame) any { return f.min },

	"hd":          func(f *frame) any { return f.head },
	"tl":          func(f *frame) any { return f.tail },
	"length":      func(f *frame) any { return f.length },
	"elem":        func(f *frame) any { return f.elem },
	"tuple_size":  func(f *frame) any { return f.tupleSize },
	"map_size":    func(f *frame) any { return f.mapSize },
	"byte_size":   func(f *frame) any { return f.byteSize },
	"binary_part": func(f *frame) any { return f.binaryPart },

	"starts_with": func(f *frame) any { return f.startsWith },
	"ends_with":   func(f *frame) any { return f.endsWith },
	"has_part":    func(f *frame) any { return f.contains },

	"owner":     func(f *frame) any { return f.owner },
	"owns":      func(f *frame) any { return f.owns },
	"offered":   func(f *frame) any { return f.offered },
	"identity":  func(f *frame) any { return f.identity },
	"verified":  func(f *frame) any { return f.verified },
	"bound":     func(f *frame) any { return f.bound },
	"component": func(f *frame) any { return f.component },
}
