place.hears = function() while true do end end
