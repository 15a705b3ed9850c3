place.on("open", function() local e = place.spawn{} for i = 1, 500 do local n = place.spawn{ relationships = { parent = e.id } } e = n end e:world() end)
