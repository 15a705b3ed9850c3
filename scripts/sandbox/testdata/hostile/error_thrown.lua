calls = (calls or 0) + 1 if calls < 3 then error(setmetatable({message = ("x"):rep(2^20)}, {__tostring = function() while true do end end})) end while true do end
