package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
)

// sign is what the app shows: a board, with a label and a button as its children.
type sign struct {
	launch launch
	meshes [][]byte // that of the board and of the button
	pokes  atomic.Int64
}

func newSign(l launch) *sign {
	return &sign{launch: l, meshes: [][]byte{box(0.8, 0.4, 0.02), box(0.12, 0.12, 0.04)}}
}

// avatar is the whole sign. Meshes are named by what they hash to: one who wants to draw
// them asks the place, and the place asks this app.
func (s *sign) avatar() map[string]any {
	spec := map[string]any{
		"transform": map[string]any{"matrix": s.launch.at},
		"geometry":  mesh(s.meshes[0]),
		"material":  map[string]any{"color": []any{0.1, 0.2, 0.3, 1}},
		"grabbable": map[string]any{},
		"collider":  collider(0.8, 0.4, 0.02),
		"children": []any{
			map[string]any{
				"transform": map[string]any{"matrix": moved(0, 0.05, 0.015)},
				"text":      s.text(),
			},
			map[string]any{
				"transform": map[string]any{"matrix": moved(0, -0.12, 0.03)},
				"geometry":  mesh(s.meshes[1]),
				"material":  map[string]any{"color": []any{0.9, 0.3, 0.4, 1}},
				"collider":  collider(0.12, 0.12, 0.04),
			},
		},
	}
	if s.launch.token != "" {
		spec["avatar"] = map[string]any{"token": s.launch.token}
	}
	return spec
}

func (s *sign) text() map[string]any {
	said := "Launched by " + s.launch.by
	if n := s.pokes.Load(); n > 0 {
		said += fmt.Sprintf("\npoked %d times", n)
	}
	return map[string]any{"string": said, "width": 0.7, "height": 0.06, "halign": "center", "wrap": true}
}

// handle answers what others ask: a button is poked with ["poke", true] when it is
// pressed, and with false when it is let go. What is one-way needs no answer: the
// pointing before it.
func (s *sign) handle(c *client.Client, i netcode.Interaction) {
	if i.Type != netcode.TypeRequest {
		return
	}
	verb := netcode.BodyVerb(i.Body)
	body, err := netcode.ParseValue(i.Body)
	if err != nil || verb != "poke" || i.To == c.Avatar() {
		_ = c.Respond(i, verb, "error", "only the button can be poked, and nothing else be asked")
		return
	}
	_ = c.Respond(i, verb, "ok")
	if args := body.([]any); len(args) == 2 && args[1] == true {
		fmt.Printf("poked %d times\n", s.pokes.Add(1))
		s.update(c)
	}
}

// update shows how often the button has been poked.
func (s *sign) update(c *client.Client) {
	label := ""
	c.View(func(d *netcode.Document) {
		for id := range d.Entities {
			parent, _ := d.Component(id, "relationships")
			if _, isLabel := d.Component(id, "text"); isLabel && parent["parent"] == c.Avatar() {
				label = id
			}
		}
	})
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, err := c.Request(ctx, "place", "change_components", label,
		"add_or_change", map[string]any{"text": s.text()}, "remove", []any{})
	if err != nil {
		fmt.Println("the sign could not be changed:", err)
	}
}

func mesh(content []byte) map[string]any {
	return map[string]any{"type": "asset", "name": netcode.AssetID(content)}
}

func collider(width, height, depth float64) map[string]any {
	return map[string]any{"type": "box", "width": width, "height": height, "depth": depth}
}

// moved is the matrix of a translation, in metres.
func moved(x, y, z float64) netcode.Matrix {
	return netcode.Matrix{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, x, y, z, 1}
}
