getmetatable(place).__index = nil
