package lib

import (
	"fmt"

	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/bind"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/netcode"
)

// JSON is place.json.
type JSON struct{ *Env }

// Value returns place.json.
func (j *JSON) Value() *lua.LUserData {
	return j.Sealed("place.json", j.Class(), bind.Item{Name: "null", Value: j.Null()})
}

// Class describes place.json.
func (j *JSON) Class() api.Class {
	return api.Class{
		Name: "loci.JSON", At: "place.json",
		Doc: "JSON as text, and what says in a table which JSON is meant.",
		Fields: []api.Field{
			{Name: "null", Type: "userdata", Doc: "stands for null"},
		},
		Functions: []api.Function{
			{Name: "encode", Signature: "(value: any): string", Doc: "Writes plain data as JSON. An empty table is {}.", Call: j.encode},
			{Name: "decode", Signature: "(text: string): any", Doc: "Reads JSON. null is place.json.null.", Call: j.decode},
			{Name: "array", Signature: "(t: table): table", Doc: "Has a table be [] where it is empty.", Call: j.array},
			{Name: "object", Signature: "(t: table): table", Doc: "Has a table be {} where it is empty.", Call: j.object},
		},
	}
}

func (j *JSON) encode(L *lua.LState) int {
	text := netcode.AppendValue(nil, j.ToGo(L, L.CheckAny(1), bind.Component))
	j.Charge(L, len(text)/8)
	L.Push(lua.LString(text))
	return 1
}

func (j *JSON) decode(L *lua.LState) int {
	text := L.CheckString(1)
	if len(text) > bind.MaxJSON {
		L.ArgError(1, fmt.Sprintf("longer than %d bytes", bind.MaxJSON))
	}
	j.Charge(L, len(text)/4)
	v, err := netcode.ParseValue([]byte(text))
	bind.Check(L, err)
	if v == nil {
		L.Push(j.Null())
		return 1
	}
	L.Push(j.ToLua(L, v))
	return 1
}

func (j *JSON) array(L *lua.LState) int {
	j.MarkArray(L.CheckTable(1))
	L.SetTop(1)
	return 1
}

func (j *JSON) object(L *lua.LState) int {
	j.MarkObject(L.CheckTable(1))
	L.SetTop(1)
	return 1
}
