place.subscribe("[_ | _]", function(body) place.publish(body) place.publish(body) end) place.on("tick", function() place.publish{ "x" } end)
