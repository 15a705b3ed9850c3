place.scene{ a = { ping = { n = 0 } } }
place.on("tick", function() local p = place.entity("a").ping p.n = p.n + 1 end)
-- components/ping.lua --
return { changed = function(e, ping) ping.n = ping.n + 1 end }
