local s = "x" while true do local ok = pcall(function() s = s .. s end) end
