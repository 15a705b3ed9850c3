place.on("tick", function() place.state.t = {} place.state.t.f = print place.state.t.t = place.state end)
