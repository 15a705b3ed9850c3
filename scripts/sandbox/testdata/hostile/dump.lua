assert(string.dump == nil and loadstring == nil) while true do end
