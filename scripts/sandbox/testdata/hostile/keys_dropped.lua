keep = keep or {} n = n or 0 for i = 1, 1000 do n = n + 1 keep["key" .. n] = n keep["key" .. n] = nil end while true do next(keep) for k in pairs(keep) do end end
