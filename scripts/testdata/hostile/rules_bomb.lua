print(1)
-- acl.lua --
for i = 1, 5000 do deny("[\"never" .. i .. "\", X | _] when X == " .. i) end
