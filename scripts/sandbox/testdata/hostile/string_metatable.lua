assert(getmetatable("") == nil) assert(not pcall(setmetatable, "", {})) string.rep = nil string.format = nil while true do end
