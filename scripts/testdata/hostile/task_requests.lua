place.scene{ a = { bell = {} } }
place.task(function() while true do place.entity("a"):request("a", { "ring" }) end end)
-- components/bell.lua --
return { ring = function() return "ok" end }
