local s = ("x"):rep(2^19) while true do pcall(function() return s .. s .. s .. s .. s .. s .. s .. s end) end
