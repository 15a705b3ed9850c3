keep = keep or {} while true do for i = 1, 1000 do keep[#keep + 1] = {i} end end
