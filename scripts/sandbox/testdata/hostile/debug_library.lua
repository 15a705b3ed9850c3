assert(debug == nil and getfenv == nil and setfenv == nil and newproxy == nil and module == nil and collectgarbage == nil and _printregs == nil and channel == nil) while true do end
