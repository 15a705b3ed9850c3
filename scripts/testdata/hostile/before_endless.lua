place.before("announce", function() while true do end end) place.before("x", function() while true do end end)
