assert(not pcall(string.format, "%v", print)) assert(not pcall(string.format, "%#v", _G)) assert(not pcall(string.format, "%T", 1)) while true do end
