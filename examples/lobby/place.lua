-- The lobby: what stands in it, and who may come in.
--
-- This file runs first, and again whenever one of the place's files is saved. It only
-- declares: what is written at the top level of a script lives until the next reload, and
-- then the new top level takes its place, all at once. What happened meanwhile to the
-- doors, the lamps and the guest book stays as it is.
--
-- Metres and radians; x is right, y up, and -z ahead of those who come in.

local building = require "building" -- lib/building.lua
local shapes = require "shapes"

require "greeter" -- these declare handlers of their own, and have nothing to give
require "news"
require "voices"

place.name = "The lobby"

-- The key is the entity's id. Components that the protocol knows, such as transform,
-- geometry, material, text and collider, are for those who look; door, lamp, switch and
-- guest_book are ours, each with a file in components/.
place.scene(building.walls())

place.scene(building.furniture())

place.scene{
  front_door = building.door{ at = { -0.5, 0, -6 } },
  quiet_door = building.door{ at = { 2.75, 0, -2.5 }, stays = 3 },

  lamp_left  = building.lamp{ at = { -2, 2.6, -3 } },
  lamp_right = building.lamp{ at = { 2, 2.6, 0 } },
  lamp_quiet = building.lamp{ at = { 3.25, 2.4, -4.25 }, color = { 0.6, 0.7, 1 } },

  hall_switch  = building.switch{ at = { 0.75, 1.2, -5.93 }, lamps = { "lamp_left", "lamp_right" } },
  quiet_switch = building.switch{ at = { 2.5, 1.2, -2.43 }, lamps = { "lamp_quiet" } },

  guest_book = {
    transform = { at = { -4.92, 1.6, -2 }, turn = { 0, math.pi / 2, 0 } }, -- on the left wall, facing right
    geometry = shapes.box{ 2.4, 1.2, 0.04 },
    collider = shapes.collider{ 2.4, 1.2, 0.04 },
    material = shapes.paint(0.18, 0.14, 0.1),
    guest_book = { lines = 5 },
    children = {
      -- A text is drawn in the middle of its entity, so it needs one of its own where
      -- something else is drawn too. This one's id is "guest_book.page".
      page = {
        transform = { at = { 0, 0, 0.03 } },
        text = { string = "", height = 0.1, width = 2.2, wrap = true, halign = "center" },
        material = shapes.paint(1, 0.95, 0.85),
      },
    },
  },

  greeter = {
    transform = { at = { 0, 2.3, -5.9 } },
    text = { string = "Welcome to the lobby", height = 0.3, width = 4, halign = "center" },
    material = shapes.paint(0.13, 0.25, 0.33),
  },

  ticker = { -- lib/news.lua writes here
    transform = { at = { -4.92, 2.5, -2 }, turn = { 0, math.pi / 2, 0 } },
    text = { string = "No news", height = 0.12, width = 4, halign = "center" },
    material = shapes.paint(0.1, 0.42, 0.28),
  },

  quiet_sign = {
    transform = { at = { 3.25, 2.3, -2.42 } },
    text = { string = "Quiet room: what is said here stays here", height = 0.1, width = 2.4, halign = "center" },
    material = shapes.paint(0.2, 0.3, 0.6),
  },
}

-- An announce is how an agent asks to be let in. A guard answers false and a reason to
-- refuse; the agent gets to read the reason. What an agent says of itself may be anything
-- that JSON can say, so look before you compare.
place.before("announce", function(request)
  local name = request.identity.display_name
  if type(name) ~= "string" or not name:find("%S") then
    return false, "please pick a name"
  end
  if #name > 40 then
    return false, "please pick a shorter name"
  end
  for _, agent in ipairs(place.agents()) do
    if agent.identity.display_name == name then
      return false, "somebody here is called " .. name .. " already"
    end
  end
end)

