assert(collectgarbage == nil and newproxy == nil and gcinfo == nil) local w = setmetatable({}, {__mode = "kv", __gc = function() while true do end end}) while true do w[{}] = {} end
