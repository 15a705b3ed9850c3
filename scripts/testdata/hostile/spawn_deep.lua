place.on("tick", function() local s = {} for i = 1, 60 do s = { children = { s } } end place.spawn(s) end)
