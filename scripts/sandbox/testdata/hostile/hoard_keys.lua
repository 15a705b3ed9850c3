keep = keep or {} n = n or 0 while true do n = n + 1 keep["key" .. n] = n end
