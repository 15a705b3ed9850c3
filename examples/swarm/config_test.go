package main

import (
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestFlagsDescribeARun(t *testing.T) {
	cfg, asJSON, err := parseFlags([]string{
		"--url", "alloplace://place:1", "--agents", "1200", "--versions", "3,4", "--seconds", "1.5", "--still", "--json",
		"--spread", "12.5", "--seed", "9",
	}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.url != "alloplace://place:1" || cfg.agents != 1200 || cfg.hosts != 3 || cfg.measure != 1500*time.Millisecond || cfg.walk || !asJSON ||
		cfg.spread != 12.5 || cfg.seed != 9 || cfg.watchers != 0 || cfg.near != 20 {
		t.Errorf("%+v, JSON %v", cfg, asJSON)
	}
}

func TestBadFlagsAreRefusedByName(t *testing.T) {
	for _, args := range []string{
		"--agents 0", "--seconds 0", "--seconds NaN", "--request-rate -1", "--request-to nobody", "--join-rate 0",
		"--hosts 200", "--warmup -1s", "--versions 6", "--versions x", "--version-mix 3:0", "--request-to agent --agents 1",
		"--spread -1", "--spread NaN", "--spread 1e9", "--seed -1", "--watchers -1", "--watchers 101", "--watchers 1 --still", "--near 0",
		"--speakers -1", "--speakers 101", "--listeners 0", "--media-rate 0", "--media-rate NaN", "--media-bytes 16", "--media-bytes 1277",
	} {
		var said strings.Builder
		if _, _, err := parseFlags(strings.Fields(args), &said); err == nil {
			t.Errorf("%s was accepted", args)
		}
		if name, _, _ := strings.Cut(strings.TrimPrefix(args, "--"), " "); !strings.Contains(said.String(), name) {
			t.Errorf("%s: said %q", args, said.String())
		}
	}
	if _, _, err := parseFlags([]string{"stray"}, io.Discard); err == nil {
		t.Error("a stray argument was accepted")
	}
}

func TestAgentsStartAnywhereInTheSquareByTheSeed(t *testing.T) {
	const agents, side = 2000, 50.0
	spots := func(seed uint64) (all [][2]float64) {
		c := config{spread: side, seed: seed}
		for n := range agents {
			x, z := c.spot(n)
			all = append(all, [2]float64{x, z})
		}
		return all
	}
	first := spots(1)
	if !slices.Equal(first, spots(1)) {
		t.Error("the same seed gives other spots")
	}
	if first[0] == spots(2)[0] {
		t.Error("another seed gives the same spots")
	}
	var quarters [4]int
	for _, s := range first {
		if math.Abs(s[0]) > side/2 || math.Abs(s[1]) > side/2 {
			t.Fatalf("%v is outside of the square", s)
		}
		quarter := 0
		if s[0] > 0 {
			quarter = 1
		}
		if s[1] > 0 {
			quarter += 2
		}
		quarters[quarter]++
	}
	for _, n := range quarters {
		if n < agents/5 {
			t.Errorf("the quarters of the square have %v", quarters)
		}
	}
}

func TestWatchersAreSpreadEvenlyOverTheAgents(t *testing.T) {
	for _, watchers := range []int{0, 1, 3, 7, 99, 100} {
		c := config{agents: 100, watchers: watchers}
		var chosen []int
		for n := range c.agents {
			if c.watches(n) {
				chosen = append(chosen, n)
			}
		}
		if len(chosen) != watchers {
			t.Errorf("%d of %d", len(chosen), watchers)
		}
		for i := 1; i < len(chosen); i++ {
			if apart := chosen[i] - chosen[i-1]; apart < 100/watchers || apart > 100/watchers+1 {
				t.Errorf("%d watchers are %v", watchers, chosen)
			}
		}
	}
}

func TestVersionsAreMixedByTheirShares(t *testing.T) {
	cases := map[string][]int{
		"4":       {4, 4, 4, 4},
		"3,4":     {3, 4, 3, 4},
		"1,2,3":   {1, 2, 3, 1, 2, 3},
		"3:1,4:3": {4, 4, 3, 4, 4, 4, 3, 4},
	}
	for text, want := range cases {
		var m versionMix
		if err := m.Set(text); err != nil {
			t.Fatal(err)
		}
		var got []int
		for n := range want {
			got = append(got, m.version(n))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s gives %v, want %v", text, got, want)
		}
	}
}
