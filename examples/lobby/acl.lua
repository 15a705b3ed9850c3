-- Who may do what. Rules are tried in order, those in this file before the default ones,
-- and the first that matches decides. The default ones let nobody change rules or send
-- others away, nor change or remove what is not theirs; what no rule matches is allowed.
--
-- A rule sees the whole interaction: type, from, to, id, and the body with the verb.
-- acl/README.md has the language.

default "allow"

-- Rules are text, so a script can put them together. A JSON list of texts is a list in a
-- rule too. Most rules have a ]] somewhere, which would end a [[ text ]]: in Lua, write
-- [=[ text ]=] then.
local moderators = place.json.encode(require "moderators")
local is_moderator = [=[ identity(From)["display_name"] in ]=] .. moderators

-- Remember that names can be forged; see lib/moderators.lua.
allow([=[ ["interaction", "request", From, "place", _, ["kick_agent", _]] when ]=] .. is_moderator)
allow([=[ ["interaction", "request", From, "place", _, ["change_acl" | _]] when ]=] .. is_moderator)

-- Moderators publish news, and so does the place itself, to which rules do not apply.
allow([=[ ["interaction", "publication", From, _, _, ["news" | _]] when ]=] .. is_moderator)
deny [=[ ["interaction", "publication", _, _, _, ["news" | _]] ]=]
