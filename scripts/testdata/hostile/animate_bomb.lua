place.scene{ a = {} } place.on("tick", function() while true do place.entity("a"):animate{ path = "transform.matrix.rotation.y", from = 0, to = 1, duration = 1e6 } end end)
