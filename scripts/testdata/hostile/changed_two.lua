place.scene{ a = { ping = { n = 0 } }, b = { ping = { n = 0 } } }
place.on("tick", function() place.entity("a").ping.n = place.time() end)
-- components/ping.lua --
return { changed = function(e, ping) for _, o in ipairs(place.entities{ with = "ping" }) do o.ping.n = o.ping.n + 1 end end }
