return ("a"):rep(50):match(("a?"):rep(50) .. ("a"):rep(50) .. "b")
