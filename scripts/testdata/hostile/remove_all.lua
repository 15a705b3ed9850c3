place.on("tick", function() for _, e in ipairs(place.entities()) do pcall(e.remove, e) end place.spawn{} end)
