place.on("tick", function() local s = {} s.children = { s } place.spawn(s) end)
