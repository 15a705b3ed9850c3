place.on("tick", function() local m = getmetatable("") m.__index = nil end)
