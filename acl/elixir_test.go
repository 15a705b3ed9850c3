package acl

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
)

// elixirTable is testdata/elixir.json: what patterns mean, as far as Elixir can
// express them found by running them in it.
type elixirTable struct {
	Cases      []elixirCase // by Elixir
	Deviations []elixirCase // where the language is meant to differ from it
	Undecided  []elixirCase // Elixir's answer to what the language leaves open
	World      struct {
		Entities map[string]struct {
			Agent      string
			Components map[string]map[string]any
		}
		Identities map[string]map[string]any
		Offered    [][2]string
	}
}

type elixirCase struct {
	Name         string
	Pattern      string
	Message      json.RawMessage
	Matches      bool
	Bindings     json.RawMessage
	GuardError   bool `json:"guard_error"`
	CompileError bool `json:"compile_error"`
}

func readElixirTable(t *testing.T) *elixirTable {
	t.Helper()
	data, err := os.ReadFile("testdata/elixir.json")
	if err != nil {
		t.Fatal(err)
	}
	var table elixirTable
	if err := json.Unmarshal(data, &table); err != nil {
		t.Fatal(err)
	}
	return &table
}

func (table *elixirTable) env() *testTown {
	town := &testTown{
		owners:     map[string]string{},
		offers:     map[[2]string]bool{},
		identities: table.World.Identities,
		components: map[[2]string]map[string]any{},
	}
	for id, entity := range table.World.Entities {
		town.owners[id] = entity.Agent
		for name, component := range entity.Components {
			town.components[[2]string{id, name}] = component
		}
	}
	for _, offer := range table.World.Offered {
		town.offers[[2]string{offer[0], town.owners[offer[1]]}] = true
	}
	return town
}

// decoded decodes JSON to the forms that Match takes.
func decoded(t testing.TB, data []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// outcome is what a case's pattern does here, in the table's terms.
func (c *elixirCase) outcome(t testing.TB, env Env) (outcome string, bindings any) {
	p, err := Compile(c.Pattern)
	if err != nil {
		return "compile error", nil
	}
	if c.Message == nil {
		return "compiles", nil
	}
	r := p.Match(decoded(t, c.Message), env)
	if r.Failure != nil {
		t.Fatal(r.Failure)
	}
	if r.Matched {
		bindings = r.Bindings()
	}
	return outcomeOf(false, r.Matched, r.GuardError != nil), bindings
}

func (c *elixirCase) wanted() string { return outcomeOf(c.CompileError, c.Matches, c.GuardError) }

func outcomeOf(compileError, matches, guardError bool) string {
	var words []string
	if compileError {
		return "compile error"
	}
	words = append(words, map[bool]string{true: "match", false: "no match"}[matches])
	if guardError {
		words = append(words, "guard error")
	}
	return strings.Join(words, ", ")
}

func TestPatternsMeanWhatTheyDoInElixir(t *testing.T) {
	table := readElixirTable(t)
	for _, group := range [][]elixirCase{table.Cases, table.Deviations, table.Undecided} {
		for _, c := range group {
			t.Run(c.Name, func(t *testing.T) {
				want := c.wanted()
				if ours, ok := elixirDeviations[c.Name]; ok {
					if ours == want {
						t.Errorf("%s: is as in Elixir, %s, and need not be listed", c.Pattern, want)
					}
					want = ours
				}
				got, bindings := c.outcome(t, table.env())
				if got != want {
					t.Fatalf("%s on %s: %s, want %s", c.Pattern, c.Message, got, want)
				}
				if c.Matches && got == c.wanted() && !reflect.DeepEqual(bindings, decoded(t, c.Bindings)) {
					t.Errorf("%s on %s: bindings %v, want %s", c.Pattern, c.Message, bindings, c.Bindings)
				}
			})
		}
	}
}

func TestListedDeviationsAreOfTheTable(t *testing.T) {
	table := readElixirTable(t)
	known := map[string]bool{}
	for _, group := range [][]elixirCase{table.Cases, table.Deviations, table.Undecided} {
		for _, c := range group {
			known[c.Name] = true
		}
	}
	for name := range elixirDeviations {
		if !known[name] {
			t.Errorf("%q is no case of the table", name)
		}
	}
}
