-- A guest book: a board that shows what was signed last. Agents send it
--
--   ["sign", "What a place!"]  →  ["sign", "ok"]
--   ["read"]                   →  ["read", "ok", [{"name", "words", "at"}, …]], the newest first
--
-- The entries are in lib/guests.lua's care; a second board would show the same ones.

local guests = require "guests"
local news = require "news"

local function draw(entity, book)
  local page = place.entity(entity.id .. ".page")
  if not page then
    return
  end
  local lines = {}
  for i, entry in ipairs(guests.newest(book.lines)) do
    lines[i] = entry.name .. ": " .. entry.words
  end
  if #lines == 0 then
    lines[1] = "Be the first to sign!"
  end
  page.text.string = table.concat(lines, "\n")
end

return {
  defaults = { lines = 5 },

  validate = function(book)
    local n = book.lines
    return type(n) == "number" and n >= 1 and n <= 10, "lines must be a number from 1 to 10"
  end,

  added = draw,
  changed = draw,

  sign = function(entity, request)
    local entry, why = guests.sign(request.agent, request.args[1])
    if not entry then
      return nil, why
    end
    for _, board in ipairs(place.entities{ with = "guest_book" }) do
      draw(board, board.guest_book)
    end
    news.tell(entry.name .. " has signed the guest book")
    return "ok"
  end,

  read = function()
    return "ok", guests.newest(guests.KEPT)
  end,
}
