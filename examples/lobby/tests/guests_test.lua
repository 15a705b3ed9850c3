local t = require "loci.test"

-- read gives who wrote what, the newest first.
local function read(agent)
  local answer, lines = agent:request("guest_book", { "read" }), {}
  t.equal("ok", answer[2])
  for i, entry in ipairs(answer[3]) do
    lines[i] = entry.name .. ": " .. entry.words
  end
  return lines
end

t.describe("the guest book", function()
  local ann, page

  t.before_each(function(place)
    ann = place:join{ display_name = "ann" }
    page = place:entity("guest_book.page")
  end)

  t.it("is empty at first", function()
    t.same({}, read(ann))
    t.equal("Be the first to sign!", page.text.string)
  end)

  t.it("shows what was signed last", function(place)
    local bob = place:join{ display_name = "bob" }
    t.same({ "sign", "ok" }, ann:request("guest_book", { "sign", "What a\n place!" }))
    t.same({ "sign", "ok" }, bob:request("guest_book", { "sign", "Cosy." }))
    t.same({ "bob: Cosy.", "ann: What a place!" }, read(ann))
    t.equal("bob: Cosy.\nann: What a place!", page.text.string)
  end)

  t.it("shows five lines and keeps fifty", function(place)
    for i = 1, 52 do
      place:join{ display_name = "guest " .. i }:request("guest_book", { "sign", "hello" })
    end
    local lines = read(ann)
    t.equal(50, #lines)
    t.equal("guest 52: hello", lines[1])
    t.equal("guest 3: hello", lines[50])
    local _, breaks = page.text.string:gsub("\n", "")
    t.equal(4, breaks)
  end)

  t.it("is not signed twice in ten seconds by the same", function(place)
    local function sign() return ann:request("guest_book", { "sign", "hello" })[2] end
    t.equal("ok", sign())
    t.equal("failed", sign())
    t.ok(place:reload()) -- which makes no difference
    t.equal("failed", sign())
    place:advance(10)
    t.equal("ok", sign())
  end)

  t.it("wants a few words", function()
    for _, words in ipairs{ "", " \n", 7, ("x"):rep(81) } do
      local answer = ann:request("guest_book", { "sign", words })
      t.equal("failed", answer[2])
      t.contains("please", answer[3])
    end
    t.same({ "sign", "failed", "please write something" }, ann:request("guest_book", { "sign" }))
    t.same({}, read(ann))
  end)

  t.it("survives a reload", function(place)
    ann:request("guest_book", { "sign", "hello" })
    t.ok(place:reload())
    t.same({ "ann: hello" }, read(ann))
    t.equal("ann: hello", page.text.string)
  end)

  t.it("forgets about those who have left what it knew of them", function(place)
    ann:request("guest_book", { "sign", "hello" })
    ann:leave()
    t.same({}, place.state.signed)
  end)
end)
