package scripts

// shapes are the tables that scripts write down, or are given.
func shapes() []shape {
	return []shape{
		{
			name: "loci.Spec", more: "table",
			doc: "An entity: its components by their names, custom ones too, and its children. Those have names, which " +
				"end their ids; for place.spawn they may be a list instead, and get ids as they come.",
			fields: []field{
				{name: "transform?", typ: "loci.Transform", doc: "where it stands in its parent's space"},
				{name: "children?", typ: "loci.Spec[]|table<string, loci.Spec>", doc: "what stands on it"},
			},
		},
		{
			name: "loci.Transform",
			doc:  "Where something stands: either a matrix, or at, turn and scale.",
			fields: []field{
				{name: "at?", typ: "number[]", doc: "{x, y, z}, in metres. Y is up"},
				{name: "turn?", typ: "number[]", doc: "{rx, ry, rz}, in radians: about Z, then X, then Y"},
				{name: "scale?", typ: "number|number[]", doc: "how large, 1 unless said otherwise"},
				{name: "matrix?", typ: "number[]", doc: "16 numbers, column after column; what is read is always this"},
			},
		},
		{
			name: "loci.Animation",
			doc:  "A property of an entity that changes over time, see entity:animate.",
			fields: []field{
				{name: "path", typ: "string", doc: `what is animated: "material.color", "transform.matrix.translation.x", "transform.matrix.rotation.y", "transform.matrix.scale"`},
				{name: "from", typ: "number|number[]", doc: "what it is at first"},
				{name: "to", typ: "number|number[]", doc: "what it is in the end"},
				{name: "duration", typ: "number", doc: "in seconds"},
				{name: "start_at?", typ: "number", doc: "in seconds of place.time(); now unless said otherwise"},
				{name: "easing?", typ: "string", doc: `"linear", "quadInOut", "elasticOut" and the like`},
				{name: "repeats?", typ: "boolean", doc: "whether it begins anew when it has ended"},
				{name: "autoreverses?", typ: "boolean", doc: "whether it goes back after it has gone forth"},
			},
		},
		componentShape(),
		heardShape,
	}
}

// verbHandler is the type of what answers a component's verb.
const verbHandler = "fun(entity: loci.Entity, request: loci.Request): ..."

// componentShape is what a component's file returns.
func componentShape() shape {
	s := shape{
		name: "loci.Component", more: verbHandler,
		doc: "What a component's file returns. Any other key is a verb sent to an entity of the place's that has the " +
			"component: what the function returns is the answer after the verb.",
	}
	for _, h := range kindHandlers {
		h.name += "?"
		s.fields = append(s.fields, h)
	}
	return s
}
