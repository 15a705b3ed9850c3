place.handle("x", function() return place.task(function() place.wait(1e8) end) end)
