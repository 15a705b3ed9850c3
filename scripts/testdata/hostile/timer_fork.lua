local function f() place.after(0, f) place.after(0, f) end place.after(0, f)
