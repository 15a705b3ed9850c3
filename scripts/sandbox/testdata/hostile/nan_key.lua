while true do pcall(function() local t = {} t[0/0] = 1 end) pcall(function() local t = {} t[nil] = 1 end) pcall(rawset, {}, 0/0, 1) pcall(rawset, {}, nil, 1) end
