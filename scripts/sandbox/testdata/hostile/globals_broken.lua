local g, p = _G, pairs for k in p(g) do g[k] = nil end while true do end
