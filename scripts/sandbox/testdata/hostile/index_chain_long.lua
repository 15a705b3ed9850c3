local s, t = ("k"):rep(2^20), {} for i = 1, 99 do local u = {} for j = 1, 20 do u[j .. ""] = 1 end t = setmetatable(u, {__index = t, __newindex = t}) end while true do local x = t[s] t[s] = nil end
