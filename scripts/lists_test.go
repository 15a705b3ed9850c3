package scripts

import (
	"testing"

	"github.com/loci-place/loci/engine"
)

// changedBy gives a component after some Lua has changed its entity x, and what that
// returned.
func changedBy(t *testing.T, component, source string) (after, answer string) {
	t.Helper()
	r := opened(t, lua1(`
		place.scene{ x = { thing = `+component+` } }
		place.handle("go", function() local x = place.entity("x") `+source+` end)
	`))
	answer = r.join("ann").request("place", `["go"]`)
	return r.component("x", "thing"), answer
}

func TestTableFunctionsWorkOnListsInComponents(t *testing.T) {
	for name, c := range map[string]struct{ component, source, after, answer string }{
		"concat":       {`{ list = {3, "a"} }`, `return table.concat(x.thing.list, ",")`, `{"list":[3,"a"]}`, `["go","3,a"]`},
		"insert":       {`{ list = {3, 1} }`, `table.insert(x.thing.list, 2)`, `{"list":[3,1,2]}`, `["go","ok"]`},
		"insert first": {`{ list = {3, 1} }`, `table.insert(x.thing.list, 1, 2)`, `{"list":[2,3,1]}`, `["go","ok"]`},
		"remove":       {`{ list = {3, 1} }`, `return table.remove(x.thing.list, 1)`, `{"list":[1]}`, `["go",3]`},
		"remove all":   {`{ list = {3} }`, `return table.remove(x.thing.list), #x.thing.list`, `{"list":[]}`, `["go",3,0]`},
		"sort":         {`{ list = {3, 1, 2} }`, `table.sort(x.thing.list)`, `{"list":[1,2,3]}`, `["go","ok"]`},
		"deep":         {`{ a = { { list = {} } } }`, `table.insert(x.thing.a[1].list, 2)`, `{"a":[{"list":[2]}]}`, `["go","ok"]`},
		"insert empty": {`{ list = {} }`, `table.insert(x.thing.list, 2)`, `{"list":[2]}`, `["go","ok"]`},
		"index empty":  {`{ list = {} }`, `x.thing.list[1] = 2`, `{"list":[2]}`, `["go","ok"]`},
		"name empty":   {`{ list = place.json.array{} }`, `x.thing.list.a = 2`, `{"list":{"a":2}}`, `["go","ok"]`},
		"tables":       {`{}`, `local l = {2, 1} table.sort(l) return l`, `{}`, `["go",[1,2]]`},
	} {
		t.Run(name, func(t *testing.T) {
			after, answer := changedBy(t, c.component, c.source)
			if after != c.after || answer != c.answer {
				t.Errorf("%s, answered %s; want %s and %s", after, answer, c.after, c.answer)
			}
		})
	}
}

func TestWhatIsNoListIsRefusedByTableFunctions(t *testing.T) {
	for name, c := range map[string]struct{ component, source, answer string }{
		"object":     {`{ map = { a = 1 } }`, `return select(2, pcall(function() table.insert(x.thing.map, 2) end))`, `["go","place.lua:3: bad argument #1 to insert (component thing of x.map is no list)"]`},
		"component":  {`{}`, `return select(2, pcall(function() table.insert(x.thing, 2) end))`, `["go","place.lua:3: bad argument #1 to 'insert' (table expected, got userdata)"]`},
		"index":      {`{}`, `return select(2, pcall(function() x.thing[1] = 2 end))`, `["go","place.lua:3: component thing of x has names, there is no [1] in it"]`},
		"name":       {`{ list = {1} }`, `return select(2, pcall(function() x.thing.list.a = 2 end))`, `["go","place.lua:3: there is no \"a\" in a list"]`},
		"bad insert": {`{ list = {1} }`, `return select(2, pcall(function() table.insert(x.thing.list, 3, 2) end))`, `["go","place.lua:3: not plain data: [2]: a hole; place.json.null fills one"]`},
	} {
		t.Run(name, func(t *testing.T) {
			before, answer := changedBy(t, c.component, c.source)
			if answer != c.answer {
				t.Errorf("answered %s, want %s; %s", answer, c.answer, before)
			}
		})
	}
}

func TestListThatIsGoneIsNotChanged(t *testing.T) {
	r := opened(t, lua1(`
		place.scene{ x = { thing = { list = {1} } } }
		local list
		place.handle("keep", function() list = place.entity("x").thing.list end)
		place.handle("go", function() return select(2, pcall(function() table.insert(list, 2) end)) end)
	`))
	ann := r.join("ann")
	ann.request("place", `["keep"]`)
	r.do(func(turn *engine.Turn) { _ = turn.Change("x", nil, "thing") })
	r.equal(ann.request("place", `["go"]`), `["go","place.lua:5: bad argument #1 to insert (component thing of x.list is no list)"]`)
}
