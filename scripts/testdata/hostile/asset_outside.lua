place.on("tick", function() print(pcall(place.asset, "../../../etc/passwd")) end)
