package scripts

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/netcode"
)

// json is place.json.
func (g *generation) json() *lua.LUserData {
	json := g.sealed("place.json", jsonClass())
	json.Metatable.(*lua.LTable).RawGetString("__index").(*lua.LTable).RawSetString("null", g.s.Null())
	return json
}

func jsonClass() class {
	return class{
		name: "loci.JSON", at: "place.json",
		doc: "JSON as text, and what says in a table which JSON is meant.",
		fields: []field{
			{name: "null", typ: "userdata", doc: "stands for null"},
		},
		functions: []function{
			{"encode", "(value: any): string", "Writes plain data as JSON. An empty table is {}.", (*generation).jsonEncode},
			{"decode", "(text: string): any", "Reads JSON. null is place.json.null.", (*generation).jsonDecode},
			{"array", "(t: table): table", "Has a table be [] where it is empty.", (*generation).jsonArray},
			{"object", "(t: table): table", "Has a table be {} where it is empty.", (*generation).jsonObject},
		},
	}
}

func (g *generation) jsonEncode(L *lua.LState) int {
	text := netcode.AppendValue(nil, g.toGo(L, L.CheckAny(1), component))
	g.s.Charge(L, len(text)/8)
	L.Push(lua.LString(text))
	return 1
}

func (g *generation) jsonDecode(L *lua.LState) int {
	text := L.CheckString(1)
	if len(text) > MaxJSON {
		L.ArgError(1, fmt.Sprintf("longer than %d bytes", MaxJSON))
	}
	g.s.Charge(L, len(text)/4)
	v, err := netcode.ParseValue([]byte(text))
	g.check(L, err)
	if v == nil {
		L.Push(g.s.Null())
		return 1
	}
	L.Push(g.toLua(L, v))
	return 1
}

func (g *generation) jsonArray(L *lua.LState) int {
	g.s.MarkArray(L.CheckTable(1))
	L.SetTop(1)
	return 1
}

func (g *generation) jsonObject(L *lua.LState) int {
	g.s.MarkObject(L.CheckTable(1))
	L.SetTop(1)
	return 1
}
