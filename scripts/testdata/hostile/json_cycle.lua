place.on("tick", function() local t = {} t.t = t while true do pcall(place.json.encode, t) end end)
