local s = ("ab"):rep(2^19) while true do s:gsub("", "") s:gsub("()", "%1") end
