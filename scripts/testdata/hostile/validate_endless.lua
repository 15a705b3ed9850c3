place.on("tick", function() place.spawn{ door = {} } end)
-- components/door.lua --
return { validate = function() while true do end end }
