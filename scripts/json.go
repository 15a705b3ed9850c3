package scripts

import (
	"fmt"

	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/bind"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/netcode"
)

// json is place.json.
func (g *generation) json() *lua.LUserData {
	return g.Sealed("place.json", g.jsonClass(), bind.Item{Name: "null", Value: g.Null()})
}

func (g *generation) jsonClass() api.Class {
	return api.Class{
		Name: "loci.JSON", At: "place.json",
		Doc: "JSON as text, and what says in a table which JSON is meant.",
		Fields: []api.Field{
			{Name: "null", Type: "userdata", Doc: "stands for null"},
		},
		Functions: []api.Function{
			{Name: "encode", Signature: "(value: any): string", Doc: "Writes plain data as JSON. An empty table is {}.", Call: g.jsonEncode},
			{Name: "decode", Signature: "(text: string): any", Doc: "Reads JSON. null is place.json.null.", Call: g.jsonDecode},
			{Name: "array", Signature: "(t: table): table", Doc: "Has a table be [] where it is empty.", Call: g.jsonArray},
			{Name: "object", Signature: "(t: table): table", Doc: "Has a table be {} where it is empty.", Call: g.jsonObject},
		},
	}
}

func (g *generation) jsonEncode(L *lua.LState) int {
	text := netcode.AppendValue(nil, g.ToGo(L, L.CheckAny(1), bind.Component))
	g.Charge(L, len(text)/8)
	L.Push(lua.LString(text))
	return 1
}

func (g *generation) jsonDecode(L *lua.LState) int {
	text := L.CheckString(1)
	if len(text) > bind.MaxJSON {
		L.ArgError(1, fmt.Sprintf("longer than %d bytes", bind.MaxJSON))
	}
	g.Charge(L, len(text)/4)
	v, err := netcode.ParseValue([]byte(text))
	bind.Check(L, err)
	if v == nil {
		L.Push(g.Null())
		return 1
	}
	L.Push(g.ToLua(L, v))
	return 1
}

func (g *generation) jsonArray(L *lua.LState) int {
	g.MarkArray(L.CheckTable(1))
	L.SetTop(1)
	return 1
}

func (g *generation) jsonObject(L *lua.LState) int {
	g.MarkObject(L.CheckTable(1))
	L.SetTop(1)
	return 1
}
