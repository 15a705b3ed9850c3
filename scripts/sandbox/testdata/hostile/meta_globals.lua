setmetatable(_G, {__index = function(t, k) return t[k] end, __newindex = function() while true do end end}) while true do pcall_ = 1 end
