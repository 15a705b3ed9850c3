package lint

import (
	"strings"

	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/bind"

	lua "github.com/yuin/gopher-lua"
)

// known is what there is in a state that runs scripts, for the checker: classes by
// their names, and globals as they really are.
type known struct {
	classes   map[string]api.Class
	modules   map[string]string // the class that require gives, "" if it is none
	globals   []string
	libraries map[string][]string // what is in a global that is a table
	state     *bind.State         // to compile with
}

func newKnown(config Config) *known {
	k := &known{classes: map[string]api.Class{}, modules: map[string]string{}, libraries: map[string][]string{}, state: config.State}
	for _, c := range config.Classes {
		k.classes[c.Name] = c
		if module, ok := c.Module(); ok {
			k.modules[module] = c.Name
		}
	}
	for _, name := range config.Modules {
		k.modules[name] = ""
	}
	config.State.L.Get(lua.GlobalsIndex).(*lua.LTable).ForEach(func(key, value lua.LValue) {
		name := key.String()
		k.globals = append(k.globals, name)
		if library, ok := value.(*lua.LTable); ok && name != "_G" {
			library.ForEach(func(key, _ lua.LValue) { k.libraries[name] = append(k.libraries[name], key.String()) })
		}
	})
	return k
}

// testPlace is the class of a test's place, whose functions are called with a colon or a dot.
const testPlace = "loci.TestPlace"

// typ is the type of a value as far as the checker knows it: a class's name, with "[]"
// behind it for a list of them, or "" for anything.
type typ string

// typeNamed reads a type as the classes write it.
func (k *known) typeNamed(text string) typ {
	text = strings.TrimSuffix(strings.TrimSpace(text), "?")
	if _, ok := k.classes[strings.TrimSuffix(text, "[]")]; ok {
		return typ(text)
	}
	return ""
}

// class returns the class of a type, if it is one.
func (k *known) class(t typ) (api.Class, bool) {
	c, ok := k.classes[string(t)]
	return c, ok && len(c.Names()) > 0
}
