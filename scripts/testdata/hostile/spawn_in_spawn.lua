place.on("spawn", function() place.spawn{} place.spawn{} end) place.on("tick", function() place.spawn{} end)
