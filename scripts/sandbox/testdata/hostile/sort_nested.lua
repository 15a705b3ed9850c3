local function less(a, b) table.sort({3, 2, 1}, less) return a < b end while true do pcall(table.sort, {3, 2, 1}, less) end
