keep = keep or {} while true do local a, b, c = {}, {}, {} keep[#keep + 1] = function() return a, b, c end end
