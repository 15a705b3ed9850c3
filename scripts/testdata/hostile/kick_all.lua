place.on("join", function(agent) agent:kick() agent:kick() end) place.on("leave", function(agent) agent:kick() place.spawn{} end)
