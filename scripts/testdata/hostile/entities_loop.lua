place.on("open", function() for i = 1, 900 do place.spawn{} end end) place.on("tick", function() while true do place.entities() end end)
