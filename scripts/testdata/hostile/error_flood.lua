local n = 0 place.on("tick", function() n = n + 1 error("error number " .. n) end)
