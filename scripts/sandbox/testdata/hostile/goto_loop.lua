local i = 0 ::top:: i = i + 1 do local x = i local f = function() return x end goto next end ::next:: if i % 2 == 0 then goto top else goto top end
