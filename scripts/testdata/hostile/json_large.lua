place.on("tick", function() local s = "[" .. ("1,"):rep(400000) .. "1]" while true do pcall(place.json.decode, s) end end)
