local a, b = ("x"):rep(2^20), ("x"):rep(2^20) while true do local x = a < b or a <= b or a == b end
