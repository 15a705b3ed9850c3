for x in ("a"):rep(2^20):gmatch("a*a*a*a*b") do end
