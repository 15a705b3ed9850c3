-- The place that `loci serve` opens where it is given no directory: plain, empty, and open
-- to everybody. `loci new DIR` writes one with things in it; this one shows how little a
-- place has to say. Whatever agents can do here, the place does by itself: they come in,
-- spawn and change what is theirs, ask each other, publish, subscribe, talk and hear.

-- What it is called. Without this line it is what --name says, or "Unnamed place".
-- place.name = "Attic"

-- What stands here: nothing but what agents bring. An entry would be an entity, with its
-- id and its components: lamp = { transform = { at = {0, 2, 0} } }.
place.scene{}

-- What happens when somebody comes and goes. These lines show with --log-level debug.
place.on("join", function(agent)
  place.log.debug(agent.identity.display_name or "somebody", "has come in")
end)

place.on("leave", function(agent)
  place.log.debug(agent.identity.display_name or "somebody", "has left")
end)

-- A place may answer verbs of its own, place.handle("knock", …), have a say in what others
-- ask, place.before("announce", …), and say how entities behave, in components/door.lua.
-- Who may do what is said in acl.lua. scripts/README.md has it all.
