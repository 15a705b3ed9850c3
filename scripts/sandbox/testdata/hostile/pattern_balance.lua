while true do local x = ("("):rep(2^20):find("%b()") end
