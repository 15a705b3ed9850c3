place.on("tick", function() for i = 1, 1e9 do place.entity("e" .. i) end end)
