place.name = "Rack"

place.scene{ door = { transform = { at = { 0, 0, -3 } }, door = {} } }

place.handle("echo", function(request) return "ok", request.args[1] end)

-- Answers take a while, and agents may leave before.
place.handle("later", function(request)
  return place.task(function()
    place.wait(0.2)
    return "ok", request.args[1]
  end)
end)

place.every(1, function()
  place.state.beats = (place.state.beats or 0) + 1
  place.publish{ "beat", place.state.beats }
end)

place.hears = function(listener, speaker)
  return #listener.id + #speaker.id > 0
end
