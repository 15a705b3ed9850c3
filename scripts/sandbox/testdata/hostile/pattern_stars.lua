return ("a"):rep(200):find(("a*"):rep(8) .. "b")
