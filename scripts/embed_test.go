package scripts

import (
	"testing"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/direct"
)

func TestAModuleThatCannotBeCalledIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		modules map[string]Module
		want    string
	}{
		"a nil function": {map[string]Module{"shop": {"price": nil}}, `scripts: Config.Modules["shop"]["price"] is nil, want a function`},
		"no name":        {map[string]Module{"": {}}, "scripts: Config.Modules has a module without a name"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := New(Config{Sources: files{}, Modules: c.modules}); err == nil || err.Error() != c.want {
				t.Errorf("error %v, want %s", err, c.want)
			}
		})
	}
}

func TestARuntimeRunsInOnePlace(t *testing.T) {
	r, err := open(t, files{"place.lua": `place.on("join", function() print("joined") end)`})
	if err != nil {
		t.Fatal(err)
	}
	second, err := engine.New(engine.Config{Transports: []netcode.Transport{direct.New()}, Behaviour: r.rt})
	if err != nil {
		t.Fatal(err)
	}
	const want = "scripts: this Runtime was given to a place before: make one with New for each place"
	if _, err := second.Drive(); err == nil || err.Error() != want {
		t.Errorf("the second place opens with %v, want %s", err, want)
	}
	if err := r.reload(files{"place.lua": `print("runs on")`}); err != nil {
		t.Errorf("the first place's scripts: %v", err)
	}
	r.want("runs on")
}
