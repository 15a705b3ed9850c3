package scripts

import (
	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/lib"
)

// shapes are the tables that scripts write down, or are given.
func shapes() []api.Shape {
	return []api.Shape{
		{
			Name: "loci.Spec", More: "table",
			Doc: "An entity: its components by their names, custom ones too, and its children. Those have names, which " +
				"end their ids; for place.spawn they may be a list instead, and get ids as they come.",
			Fields: []api.Field{
				{Name: "transform?", Type: "loci.Transform", Doc: "where it stands in its parent's space"},
				{Name: "children?", Type: "loci.Spec[]|table<string, loci.Spec>", Doc: "what stands on it"},
			},
		},
		{
			Name: "loci.Transform",
			Doc:  "Where something stands: either a matrix, or at, turn and scale.",
			Fields: []api.Field{
				{Name: "at?", Type: "number[]", Doc: "{x, y, z}, in metres. Y is up"},
				{Name: "turn?", Type: "number[]", Doc: "{rx, ry, rz}, in radians: about Z, then X, then Y"},
				{Name: "scale?", Type: "number|number[]", Doc: "how large, 1 unless said otherwise"},
				{Name: "matrix?", Type: "number[]", Doc: "16 numbers, column after column; what is read is always this"},
			},
		},
		{
			Name: "loci.Animation",
			Doc:  "A property of an entity that changes over time, see entity:animate.",
			Fields: []api.Field{
				{Name: "path", Type: "string", Doc: `what is animated: "material.color", "transform.matrix.translation.x", "transform.matrix.rotation.y", "transform.matrix.scale"`},
				{Name: "from", Type: "number|number[]", Doc: "what it is at first"},
				{Name: "to", Type: "number|number[]", Doc: "what it is in the end"},
				{Name: "duration", Type: "number", Doc: "in seconds"},
				{Name: "start_at?", Type: "number", Doc: "in seconds of place.time(); now unless said otherwise"},
				{Name: "easing?", Type: "string", Doc: `"linear", "quadInOut", "elasticOut" and the like`},
				{Name: "repeats?", Type: "boolean", Doc: "whether it begins again when it has ended"},
				{Name: "autoreverses?", Type: "boolean", Doc: "whether it goes back after it has gone forth"},
			},
		},
		componentShape(),
		heardShape,
	}
}

// componentShape is what a component's file returns.
func componentShape() api.Shape {
	s := api.Shape{
		Name: "loci.Component", More: lib.VerbHandler,
		Doc: "What a component's file returns. Any other key is a verb sent to an entity of the place's that has the " +
			"component: what the function returns is the answer after the verb.",
	}
	for _, h := range lib.Handlers {
		h.Name += "?"
		s.Fields = append(s.Fields, h)
	}
	return s
}
