place.on("tick", function() local t = {} for i = 1, 60000 do t[i] = i end while true do pcall(place.spawn, { big = { list = t } }) end end)
