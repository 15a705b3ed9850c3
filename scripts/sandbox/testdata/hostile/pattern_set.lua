return ("a"):rep(2^20):find("[" .. ("b"):rep(2^19) .. "]")
