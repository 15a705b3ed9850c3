place.on("tick", function() while true do pcall(place.json.decode, ("["):rep(500000)) end end)
