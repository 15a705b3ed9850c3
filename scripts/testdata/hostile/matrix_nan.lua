place.scene{ a = {} } place.on("tick", function() local a = place.entity("a") pcall(a.move, a, 0/0, 1/0, 1e308) a.transform = { at = { 1e308, 1e308, 1e308 }, scale = 1e308 } end)
