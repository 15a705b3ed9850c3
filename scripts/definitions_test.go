package scripts

import (
	"strings"
	"testing"

	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/lib"
	"github.com/loci-place/loci/scripts/internal/syntax"
)

func TestDefinitionsAreLua(t *testing.T) {
	for path, text := range Definitions() {
		if _, err := syntax.Parse(text); err != nil {
			t.Errorf("%s:%v", path, err)
		}
		if !strings.HasPrefix(text, "---@meta") {
			t.Errorf("%s begins without ---@meta", path)
		}
	}
}

func TestDefinitionsHaveAllOfTheAPI(t *testing.T) {
	var all strings.Builder
	for _, text := range Definitions() {
		all.WriteString(text)
	}
	has := func(text string) {
		t.Helper()
		if !strings.Contains(all.String(), text) {
			t.Errorf("there is no %q", text)
		}
	}
	for _, c := range classes() {
		for _, f := range c.Functions {
			has(f.Name + "(")
			has("---" + f.Doc)
		}
		for _, f := range c.Fields {
			has("---@field " + f.Name + " " + f.Type)
		}
	}
	for _, e := range lib.EventNames {
		has(`---@overload fun(event: "` + e.Name + `", handler: ` + e.Type + ")")
	}
	for _, line := range []string{
		"place = {}\n", "function place.after(seconds, handler) end", "---@param seconds number\n---@param handler fun()\n---@return loci.Timer\n",
		"function Entity:move(x, y, z) end", "---@param reason? string\n---@return boolean\nfunction Agent:kick(reason) end",
		"---@return any[]?\n---@return string?\nfunction Entity:request(to, body, options) end", "---@field [string] any a component",
		"function deny(pattern) end", "---@meta loci.vec\n", "---@class loci.Vector: { [integer]: number }\n",
		"---@field changed? fun(entity: loci.Entity, component: table, old: table)",
	} {
		has(line)
	}
}

func TestSignaturesNameAndTypeTheirParameters(t *testing.T) {
	signatures := map[string]string{"a verb": lib.VerbHandler}
	for _, c := range classes() {
		for _, f := range c.Functions {
			signatures[c.Name+"."+f.Name] = f.Signature
		}
	}
	for _, e := range append(lib.EventNames, lib.Handlers[1:]...) {
		signatures[e.Name] = e.Type
	}
	for name, signature := range signatures {
		parameters, _ := api.Signature(signature)
		for _, p := range parameters {
			if known := p.Name == "..." || isIdentifier(strings.TrimSuffix(p.Name, "?")); !known || p.Type == "" {
				t.Errorf("%s%s: the parameter %q is of type %q", name, signature, p.Name, p.Type)
			}
			if p.Name == "string" || p.Name == "boolean" {
				t.Errorf("%s%s: %q is a type, no name", name, signature, p.Name)
			}
		}
	}
}
