place.on("tick", function() while true do place.log.error("x") end end)
