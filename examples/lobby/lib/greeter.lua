-- Greets everybody who comes in. A greeting is one-way: nobody has to answer it, and agents that
-- do not know it may drop it.

place.on("join", function(agent)
  -- A handler runs at once and to its end. What takes time is a task, in which place.wait
  -- lets the place go on meanwhile.
  place.task(function()
    local greeter = place.entity("greeter")
    local function say(text)
      return greeter:send(agent, { "greeting", text })
    end
    place.wait(1) -- until its visor has drawn something
    say("Welcome, " .. agent.identity.display_name .. "!")
    place.wait(4)
    -- Much may happen while a task waits. Send reports whether it is still there.
    if say("Doors and switches want to be poked, and the board on the left is our guest book.") then
      place.wait(4)
      say("People in the quiet room, ahead on your right, are heard in there and nowhere else.")
    end
  end)
end)
