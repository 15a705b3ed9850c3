place.on("tick", function() place.task(function() while true do end end) end)
