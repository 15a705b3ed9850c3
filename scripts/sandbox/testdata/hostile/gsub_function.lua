local s = ("ab"):rep(1000) while true do
  pcall(string.gsub, s, ".", function(c) return s end) pcall(string.gsub, s, ".", function() error(s) end) pcall(string.gsub, s, ".", function() return {} end)
  pcall(string.gsub, s, "()", function(i) return (s:gsub(".", "")) end) pcall(string.gsub, s, "(a)(b)", print) pcall(string.gsub, s, "a", string.gsub)
end
