place.on("open", function() for i = 1, 9000 do place.every(0.001, function() for j = 1, 100 do end end) end end)
