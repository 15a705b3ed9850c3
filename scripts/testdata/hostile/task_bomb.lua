place.on("tick", function() while true do place.task(function() place.wait(1e6) end) end end)
