place.handle("announce", function(request) place.default(request) place.default(request) place.default(request) end)
