calls = (calls or 0) + 1 if calls < 3 then error((":"):rep(2^20), 0) end while true do end
