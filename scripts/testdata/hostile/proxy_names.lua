place.scene{ a = {} } place.on("tick", function() local a = place.entity("a") for i = 1, 1e9 do local _ = a["c" .. i] end end)
