assert(string.dump == nil and string.gfind == nil) while true do end
