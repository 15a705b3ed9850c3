place.scene{ a = { bell = {} } }
place.on("tick", function() place.task(function() place.entity("a"):request("a", { "ring" }) end) end)
-- components/bell.lua --
return { ring = function(e) return place.task(function() return e:request(e, { "ring" })[2] end) end }
