place.on("tick", function() while true do pcall(place.subscribe, ("["):rep(100000), function() end) end end)
