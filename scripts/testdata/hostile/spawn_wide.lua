place.on("tick", function() local c = {} for i = 1, 1023 do c[i] = {} end while true do place.spawn{ children = c } end end)
