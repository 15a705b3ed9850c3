place.on("open", function() for i = 1, 3000 do place.store.set("k" .. i, 1) end end) place.on("tick", function() while true do place.store.keys() end end)
