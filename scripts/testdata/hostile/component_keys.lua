place.scene{ a = { m = {} } } place.on("tick", function() local m = place.entity("a").m for i = 1, 1e9 do m["k" .. i] = i end end)
