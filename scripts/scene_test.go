package scripts

import (
	"testing"
)

func TestWhatIsWrongInASceneIsFoundByItsDeclaration(t *testing.T) {
	door := `return { validate = function(door) return false, "no door" end }`
	for name, c := range map[string]struct{ scene, want string }{
		"shape":     {"\nplace.scene{ a = { transform = { matrix = {1} } } }", "place.lua:2: place.scene: a: transform.matrix must be 16 numbers"},
		"component": {"\n\nplace.scene{ a = { door = {} } }", "place.lua:3: place.scene: a: door: no door"},
		"child":     {"\nplace.scene{ a = { children = { b = { door = {} } } } }", "place.lua:2: place.scene: a.b: door: no door"},
		"lines":     {"\nplace.scene{\n  b = {},\n  a = { door = {} },\n}", "place.lua:2: place.scene: a: door: no door"},
	} {
		_, err := New(Config{Sources: files{"place.lua": c.scene, "components/door.lua": door}})
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}
