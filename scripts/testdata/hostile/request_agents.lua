place.on("join", function(agent) for i = 1, 1000 do place.task(function() place.entity("place"):request(agent, { "x" }) end) end end)
