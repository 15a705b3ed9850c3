package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	if name := os.Getenv(attackVariable); name != "" {
		os.Exit(attackerMain(name))
	}
	os.Exit(m.Run())
}

// TestAttacksHarmNobody runs every attack in short form: nobody is refused, moved or gone, and
// states go on. How many there are and how quick answers come is what `make abuse` looks at, on
// a machine with nothing else to do.
func TestAttacksHarmNobody(t *testing.T) {
	loci := filepath.Join(t.TempDir(), "loci")
	if out, err := exec.Command("go", "build", "-o", loci, "../..").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	c := config{loci: loci, lasts: 2 * time.Second, quiet: 500 * time.Millisecond, bystanders: 4, hoarders: 60, bars: bars{share: 0.5}}
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			r, err := c.attack(t.Context(), a)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%+v", *r)
			for _, harm := range r.Harm {
				t.Error(harm)
			}
		})
	}
}

func TestChooseNamesUnknownAttack(t *testing.T) {
	if all, err := choose(nil, true); err != nil || len(all) != len(attacks) {
		t.Errorf("no names choose %d attacks of %d: %v", len(all), len(attacks), err)
	}
	if _, err := choose([]string{"keys", "kyes"}, true); err == nil {
		t.Error("an attack that is not there is chosen")
	}
}
