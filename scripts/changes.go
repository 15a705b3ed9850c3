package scripts

import (
	"fmt"
	"slices"
	"strings"
)

// sourceChanges is how sources differ from those before them, by path.
type sourceChanges struct{ added, changed, removed []string }

func compareSources(before, after Sources) (c sourceChanges) {
	for _, path := range after.Paths() {
		now, _ := after.Source(path)
		switch old, was := before.Source(path); {
		case !was:
			c.added = append(c.added, path)
		case old != now:
			c.changed = append(c.changed, path)
		}
	}
	for _, path := range before.Paths() {
		if _, is := after.Source(path); !is {
			c.removed = append(c.removed, path)
		}
	}
	return c
}

// missing returns an error if a file has gone that a place must not lose by accident: all
// that place.lua and acl.lua declare would go with it, the scene and its state or the rules,
// while the file is only being moved, saved or checked out.
func (c sourceChanges) missing() error {
	for _, file := range []string{placeFile, aclFile} {
		if slices.Contains(c.removed, file) {
			return fmt.Errorf("%s is gone; what it declared stays. To take that away leave the file there, empty", file)
		}
	}
	return nil
}

// attrs returns what a log line says of the changes.
func (c sourceChanges) attrs() (args []any) {
	for _, part := range []struct {
		name  string
		files []string
	}{{"added", c.added}, {"changed", c.changed}, {"removed", c.removed}} {
		if len(part.files) > 0 {
			args = append(args, part.name, part.files)
		}
	}
	return args
}

// orphans describes the entities that have a component whose file is gone, a phrase for each
// component: "guard and 2 more have patrol, which no file defines any more".
func (r *Runtime) orphans(before, after *generation) (phrases []string) {
	var gone []string
	for _, name := range before.Components.Names() {
		if !after.Components.Has(name) {
			gone = append(gone, name)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	have := map[string][]string{}
	for e := range r.turn.World().Entities() {
		for _, name := range gone {
			if e.Has(name) {
				have[name] = append(have[name], e.ID())
			}
		}
	}
	slices.Sort(gone)
	for _, name := range gone {
		ids := have[name]
		slices.Sort(ids)
		switch len(ids) {
		case 0:
		case 1:
			phrases = append(phrases, fmt.Sprintf("%s has %s, which no file defines any more", ids[0], name))
		default:
			phrases = append(phrases, fmt.Sprintf("%s and %d more have %s, which no file defines any more", ids[0], len(ids)-1, name))
		}
	}
	return phrases
}

// logReload says in one line what a reload did.
func (r *Runtime) logReload(g *generation, c sourceChanges, orphans []string) {
	args := append([]any{"generation", g.n}, c.attrs()...)
	if len(orphans) > 0 {
		r.log.Warn("scripts reloaded", append(args, "left", strings.Join(orphans, "; "))...)
		return
	}
	r.log.Info("scripts reloaded", args...)
}
