local s = {} for i = 1, 1000 do s["e" .. i] = { a = {} } end place.scene(s)
