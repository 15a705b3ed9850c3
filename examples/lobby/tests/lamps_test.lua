local t = require "loci.test"

local function is_lit(lamp)
  local bright = lamp.material.color[1] > 0.3
  t.equal(lamp.lamp.lit, bright, "what " .. lamp.id .. " looks like")
  return bright
end

t.describe("a switch", function()
  t.it("turns all its lamps off and on, and no others", function(place)
    local ann = place:join{ display_name = "ann" }
    local left, right, quiet = place:entity("lamp_left"), place:entity("lamp_right"), place:entity("lamp_quiet")
    for _, lit in ipairs{ false, true } do
      t.same({ "poke", "ok", lit }, ann:request("hall_switch", { "poke", true }))
      t.same({ "poke", "ok", lit }, ann:request("hall_switch", { "poke", false }))
      t.equal(lit, is_lit(left))
      t.equal(lit, is_lit(right))
      t.equal(true, is_lit(quiet))
    end
  end)

  t.it("makes its lamps agree", function(place)
    place:entity("lamp_right").lamp.lit = false
    t.same({ "poke", "ok", false }, place:join{ display_name = "ann" }:request("hall_switch", { "poke", true }))
    t.equal(false, is_lit(place:entity("lamp_left")))
    t.equal(false, is_lit(place:entity("lamp_right")))
  end)

  t.it("says so if its lamps are gone", function(place)
    place:entity("lamp_quiet"):remove()
    t.same({ "poke", "failed", "there is no lamp on this switch" },
      place:join{ display_name = "ann" }:request("quiet_switch", { "poke", true }))
  end)

  t.it("wants a list of lamps", function(place)
    for _, lamps in ipairs{ {}, { 1 }, "lamp_left" } do
      t.error(function() place:spawn{ switch = { lamps = lamps } } end, "lamps must be a list")
    end
  end)
end)

t.describe("a lamp", function()
  t.it("shines in its colour", function(place)
    local lamp = place:spawn{ lamp = { color = { 1, 0, 0.5 } } }
    t.same({ 1, 0, 0.5, 1 }, lamp.material.color)
  end)

  t.it("wants a colour that there is", function(place)
    for _, color in ipairs{ { 1, 2 }, { 1, 2, 3 }, { 1, 0, "blue" }, "blue" } do
      t.error(function() place:spawn{ lamp = { color = color } } end, "color must be three numbers")
    end
  end)
end)
