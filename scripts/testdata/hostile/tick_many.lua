place.on("open", function() for i = 1, 100 do place.task(function() for j = 1, 100 do place.spawn{ spin = { n = 0 } } end end) end end)
-- components/spin.lua --
return { tick = function(e, spin) spin.n = spin.n + 1 for i = 1, 1000 do end end }
