place.on("tick", function() for i = 1, 1e9 do place.state["k" .. i] = ("x"):rep(1000) end end)
