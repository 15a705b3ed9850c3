package engine

// spawnEntity makes an entity of the agent's: ["spawn_entity", {…}].
func spawnEntity(r *Request) {
	spec, ok := object(r.Args, 0)
	if !ok || len(r.Args) != 1 {
		r.Refuse("want one description of an entity: an object of components")
		return
	}
	e, err := r.agent.place.spawn(r.agent.id, "", spec, r.asker())
	if err != nil {
		r.refuse(err)
		return
	}
	r.Answer(e.ID())
}
