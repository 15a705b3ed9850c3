print(1)
-- acl.lua --
default "deny"
