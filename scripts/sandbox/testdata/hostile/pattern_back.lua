return ("a"):rep(2^20):find("(.*)%1%1b")
