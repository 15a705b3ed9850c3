place.on("tick", function() while true do end end)
