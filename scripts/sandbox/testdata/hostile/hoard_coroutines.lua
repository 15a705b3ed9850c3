keep = keep or {} while true do local c = coroutine.wrap(function(...) coroutine.yield(...) end) c(c, keep) keep[#keep + 1] = c end
