place.on("tick", function() while true do place.spawn{ a = { b = 1 } } end end)
