package main

import "github.com/loci-place/loci/netcode"

func Example_greet() {
	visor := func(name string) any {
		return map[string]any{"components": map[string]any{"visor": map[string]any{"display_name": name}}}
	}
	alone := netcode.Document{Entities: map[string]any{"me": visor("hello"), "lamp": map[string]any{}}}
	visited := netcode.Document{Entities: map[string]any{"me": visor("hello"), "a1": visor("Ada")}}
	there := greet(&alone, "me", nil)
	there = greet(&visited, "me", there)
	there = greet(&visited, "me", there)
	greet(&alone, "me", there)
	// Output:
	// here: Ada
	// gone: Ada
}
