package main

import (
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestFlagsDescribeARun(t *testing.T) {
	cfg, asJSON, err := parseFlags([]string{
		"--url", "alloplace://place:1", "--agents", "1200", "--versions", "3,4", "--seconds", "1.5", "--still", "--json",
	}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.url != "alloplace://place:1" || cfg.agents != 1200 || cfg.hosts != 3 || cfg.measure != 1500*time.Millisecond || cfg.walk || !asJSON {
		t.Errorf("%+v, JSON %v", cfg, asJSON)
	}
}

func TestBadFlagsAreRefusedByName(t *testing.T) {
	for _, args := range []string{
		"--agents 0", "--seconds 0", "--seconds NaN", "--request-rate -1", "--request-to nobody", "--join-rate 0",
		"--hosts 200", "--warmup -1s", "--versions 5", "--versions x", "--version-mix 3:0", "--request-to agent --agents 1",
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
