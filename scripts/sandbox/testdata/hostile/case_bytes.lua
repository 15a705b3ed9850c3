local s = ("\255"):rep(2^20) while true do s:lower() s:upper() end
