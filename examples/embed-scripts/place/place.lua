-- The foyer of a theatre: a board that says how many tickets are left, and a gate that
-- opens for everybody who shows one.
--
-- The box office, a program written in Go, sells the tickets on its page. It provides the
-- module "tickets" for these scripts:
--
--   tickets.left()            how many are not sold
--   tickets.show()            the title of what is played tonight
--   tickets.redeem(code)      true, once for each ticket; nil and why not otherwise

local tickets = require "tickets"

place.name = "The foyer"

place.scene{
  title = {
    transform = { at = { 0, 2.4, -4 } },
    text = { string = "Tonight: " .. tickets.show(), height = 0.3, width = 4, halign = "center" },
  },
  board = {
    transform = { at = { -1.5, 1.6, -4 } },
    text = { string = "", height = 0.15, width = 2, halign = "center" },
  },
  gate = { transform = { at = { 0, 0, -4 } }, gate = {} }, -- components/gate.lua
}

local function count(left)
  place.entity("board").text.string = left > 0 and "Tickets left: " .. left or "Sold out"
end

place.on("open", function() count(tickets.left()) end)
place.on("reload", function() count(tickets.left()) end)

-- The box office publishes how many are left when it has sold one, so nobody has to ask it
-- again and again. Everybody in the foyer may hear of it as well, but only the place may
-- say so: what agents publish comes from entities of theirs.
place.subscribe([[ ["tickets_left", Left] when is_number(Left) ]], function(body, from)
  if from.id == "place" then
    count(body[2])
  end
end)

-- Agents show their ticket: ["enter", "3f9a"] → ["enter", "ok"].
place.handle("enter", function(request)
  local redeemed, why = tickets.redeem(request.args[1])
  if not redeemed then
    return nil, why
  end
  place.entity("gate").gate = { open = true, shut_at = place.time() + 3 }
  return "ok"
end)
