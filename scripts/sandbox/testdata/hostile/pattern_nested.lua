return ("a"):rep(2^20):find(("("):rep(30) .. ".-" .. (")"):rep(30) .. "b")
