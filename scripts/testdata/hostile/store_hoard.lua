place.on("tick", function() for i = 1, 1e9 do place.store.set("k" .. i, ("x"):rep(100000)) end end)
