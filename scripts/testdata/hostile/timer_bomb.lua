place.on("tick", function() while true do place.after(0, function() end) end end)
