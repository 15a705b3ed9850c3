place.on("publication", function(body) place.publish(body) end) place.on("tick", function() place.publish{ "x" } end)
