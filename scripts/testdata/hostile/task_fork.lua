local function f() place.task(f) place.task(f) end place.task(f)
