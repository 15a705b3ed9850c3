place.on("tick", function() while true do place.subscribe("[_ | _]", function() end) end end)
