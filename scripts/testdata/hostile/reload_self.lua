place.on("tick", function() local f = place.on pcall(f, "tick", function() end) end)
