place.on("tick", function() while true do pcall(place.subscribe, "[" .. ("a,"):rep(3000) .. "b]", function() end) end end)
