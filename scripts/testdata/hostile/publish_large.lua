place.on("tick", function() local t = { "x" } for i = 2, 50000 do t[i] = i end while true do place.publish(t) end end)
