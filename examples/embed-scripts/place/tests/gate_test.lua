-- The box office is host/tickets.lua here: it has sold ticket "GOOD" and has 3 left.

local t = require "loci.test"

t.describe("the gate", function()
  local ann, gate

  t.before_each(function(place)
    ann, gate = place:join{ display_name = "ann" }, place:entity("gate")
  end)

  t.it("opens for a visitor with a ticket, and comes down again", function(place)
    t.same({ "enter", "ok" }, ann:request("place", { "enter", "GOOD" }))
    t.equal(true, gate.gate.open)
    place:advance(1)
    t.near(math.cos(1.5), gate.transform.matrix[1]) -- turned up
    place:advance(4)
    t.equal(false, gate.gate.open)
    t.near(1, gate.transform.matrix[1])
  end)

  t.it("stays shut for a visitor who shows something else", function()
    for _, shown in ipairs{ "BAD", 7, { "GOOD" } } do
      t.same({ "enter", "failed", "no such ticket" }, ann:request("place", { "enter", shown }))
    end
    t.equal("failed", ann:request("place", { "enter" })[2])
    t.equal(false, gate.gate.open)
  end)

  t.it("comes down after a reload as well", function(place)
    ann:request("place", { "enter", "GOOD" })
    place:advance(1)
    t.ok(place:reload())
    place:advance(4)
    t.equal(false, gate.gate.open)
    t.near(1, gate.transform.matrix[1])
  end)

  t.it("stays up longer for the second of two", function(place)
    ann:request("place", { "enter", "GOOD" })
    place:advance(2)
    ann:request("place", { "enter", "GOOD" })
    place:advance(2)
    t.equal(true, gate.gate.open)
    place:advance(2)
    t.equal(false, gate.gate.open)
  end)
end)

t.describe("the board", function()
  t.it("says what the place says, and not what agents do", function(place)
    local board = place:entity("board")
    t.equal("Tickets left: 3", board.text.string)
    place:join{ display_name = "eve" }:publish{ "tickets_left", 1000 }
    t.equal("Tickets left: 3", board.text.string)
    place:publish{ "tickets_left", 0 }
    t.equal("Sold out", board.text.string)
  end)
end)
