place.scene{ a = { list = { items = {} } } }
place.on("tick", function() local items = place.entity("a").list.items while true do items[#items + 1] = ("x"):rep(1000) end end)
