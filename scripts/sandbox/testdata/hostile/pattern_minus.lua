return ("a"):rep(2^20):match((".-"):rep(20) .. "b")
