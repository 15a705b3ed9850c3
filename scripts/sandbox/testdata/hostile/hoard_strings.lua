keep = keep or {} local s = ("x"):rep(2^19) while true do keep[#keep + 1] = s .. #keep end
