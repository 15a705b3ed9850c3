return ("a"):rep(2^20):find(("%f[a]a"):rep(50) .. ".-%f[b]b")
