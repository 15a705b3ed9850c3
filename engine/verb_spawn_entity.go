package engine

var spawnEntityVerb = official{
	name: "spawn_entity", answer: spawnEntity, own: true,
	describes: func(c *command) any {
		if len(c.args) == 0 {
			return nil
		}
		return c.args[0]
	},
	uses: usesEntities,
}

// usesEntities is the cost of a description of entities.
func usesEntities(c *command, cost *usedUp) {
	cost[entities] = float64(c.entities())
	cost[componentBytes] = float64(c.size)
}

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
