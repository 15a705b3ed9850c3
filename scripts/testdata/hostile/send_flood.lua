place.on("join", function(agent) while true do place.entity("place"):send(agent, { "x" }) end end)
