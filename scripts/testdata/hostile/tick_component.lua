place.on("open", function() for i = 1, 500 do place.spawn{ spin = {} } end end)
-- components/spin.lua --
return { tick = function() while true do end end }
