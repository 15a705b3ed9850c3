-- Who comes in, how they are greeted, and who may do what.

local t = require "loci.test"

local function texts(heard)
  local list = {}
  for i, told in ipairs(heard) do
    list[i] = told.body[2]
  end
  return list
end

t.describe("a visitor", function()
  t.it("is greeted, in good time", function(place)
    local ann = place:join{ display_name = "ann" }
    place:advance(0.5)
    t.same({}, ann:heard("greeting"))
    place:advance(1)
    t.same({ "Welcome, ann!" }, texts(ann:heard("greeting")))
    place:advance(9)
    t.equal(2, #ann:heard("greeting"))
  end)

  t.it("may leave in the midst of it", function(place)
    local ann, bob = place:join{ display_name = "ann" }, place:join{ display_name = "bob" }
    ann:leave()
    bob:request("place", { "remove_entity", bob.avatar.id })
    place:advance(10) -- an error in the log would fail this test
  end)

  t.it("needs a name of its own", function(place)
    t.ok(place:join{ display_name = "ann" })
    for name, why in pairs{
      ["  "] = "please pick a name", ann = "called ann already", [("x"):rep(41)] = "shorter name",
    } do
      local agent, refused = place:join{ display_name = name }
      t.equal(nil, agent)
      t.contains(why, refused)
    end
    local _, refused = place:join{ display_name = { "ann" } }
    t.equal("please pick a name", refused)
  end)
end)

t.describe("news", function()
  local ada, bob

  t.before_each(function(place)
    ada, bob = place:join{ display_name = "ada" }, place:join{ display_name = "bob" }
    t.ok(bob:subscribe([[ ["news", _] ]]))
  end)

  t.it("tell of who comes, signs and leaves", function(place)
    local ann = place:join{ display_name = "ann" }
    ann:request("guest_book", { "sign", "hello" })
    ann:leave()
    t.same({ "ann has come in", "ann has signed the guest book", "ann has left" }, texts(bob:heard("news")))
    t.equal("ann has left", place:entity("ticker").text.string)
  end)

  t.it("are published by moderators, and by nobody else", function(place)
    ada:publish{ "news", "tea at five" }
    bob:publish{ "news", "free beer" }
    t.same({ "tea at five" }, texts(bob:heard("news")))
    t.equal("tea at five", place:entity("ticker").text.string)
  end)

  t.it("must fit on the wall", function(place)
    local before = place:entity("ticker").text.string
    ada:publish{ "news", ("x"):rep(81) }
    ada:publish{ "news", 7 }
    t.equal(before, place:entity("ticker").text.string)
  end)
end)

t.describe("moderators", function()
  t.it("send others away, and nobody else does", function(place)
    local ada, bob = place:join{ display_name = "ada" }, place:join{ display_name = "bob" }
    t.equal("interaction_denied", bob:request("place", { "kick_agent", ada.id })[1])
    t.same({ "kick_agent", "ok" }, ada:request("place", { "kick_agent", bob.id }))
    t.equal(1, #place:agents())
  end)

  t.it("change the rules, and nobody else does", function(place)
    local ada, bob = place:join{ display_name = "ada" }, place:join{ display_name = "bob" }
    local ask = { "change_acl", "add", { { "deny", [[ ["interaction", _, _, "front_door" | _] ]] } } }
    t.equal("interaction_denied", bob:request("place", ask)[1])
    t.same({ "poke", "ok" }, bob:request("front_door", { "poke", true }))
    t.equal("ok", ada:request("place", ask)[2])
    t.equal("interaction_denied", bob:request("front_door", { "poke", true })[1])
  end)
end)
