package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loci-place/loci/netcode"
)

// echo answers every request to the place with its own body.
func echo(p *fakePlace) {
	p.interact = func(a *fakeAgent, i netcode.Interaction) {
		if i.Type == netcode.TypeRequest {
			a.respond(i, string(i.Body))
		}
	}
}

func TestRequestReturnsTheResponse(t *testing.T) {
	inPlace(t, Config{}, echo, func(t *testing.T, c *Client, a *fakeAgent) {
		got, err := c.Request(within(t), "place", "poke", true, 3, json.RawMessage(`{"a":[1]}`))
		want := []any{"poke", true, 3.0, map[string]any{"a": []any{1.0}}}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, %v", got, err)
		}
	})
}

func TestRequestsSayWhoAsksWhom(t *testing.T) {
	var seen []netcode.Interaction
	script := func(p *fakePlace) {
		echo(p)
		answer := p.interact
		p.interact = func(a *fakeAgent, i netcode.Interaction) {
			seen = append(seen, i)
			answer(a, i)
		}
	}
	inPlace(t, Config{}, script, func(t *testing.T, c *Client, a *fakeAgent) {
		c.Request(within(t), "someone", "poke")
		c.RequestFrom(within(t), "lamp", "place", "poke")
		c.Send("someone", "wave")
		c.Publish("news", 1)
		synctest.Wait()
		after(time.Second)
		want := []netcode.Interaction{
			{Type: netcode.TypeRequest, From: "avatar-0", To: "someone", RequestID: "1", Body: []byte(`["poke"]`)},
			{Type: netcode.TypeRequest, From: "lamp", To: "place", RequestID: "2", Body: []byte(`["poke"]`)},
			{Type: netcode.TypeOneway, From: "avatar-0", To: "someone", Body: []byte(`["wave"]`)},
			{Type: netcode.TypePublication, From: "avatar-0", Body: []byte(`["news",1]`)},
		}
		if !reflect.DeepEqual(seen, want) {
			t.Errorf("the place saw %v, want %v", seen, want)
		}
	})
}

func TestResponsesInAnyOrderFindTheirRequest(t *testing.T) {
	var open []netcode.Interaction
	answerBackwards := func(p *fakePlace) {
		p.interact = func(a *fakeAgent, i netcode.Interaction) {
			if open = append(open, i); len(open) == 20 {
				for _, i := range slices.Backward(open) {
					a.respond(i, string(i.Body))
				}
			}
		}
	}
	inPlace(t, Config{}, answerBackwards, func(t *testing.T, c *Client, a *fakeAgent) {
		errs := make(chan error)
		for n := range 20 {
			go func() {
				got, err := c.Request(within(t), "place", "count", n)
				if err == nil && got[1] != float64(n) {
					err = fmt.Errorf("asked %d, got %v", n, got)
				}
				errs <- err
			}()
		}
		for range 20 {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
	})
}

func TestRefusalsAreErrors(t *testing.T) {
	cases := map[string]struct {
		version int
		answer  func(a *fakeAgent, i netcode.Interaction)
		want    RefusedError
	}{
		"error":  {4, func(a *fakeAgent, i netcode.Interaction) { a.respond(i, `["poke","error","no such verb"]`) }, RefusedError{"poke", "error", "no such verb"}},
		"failed": {4, func(a *fakeAgent, i netcode.Interaction) { a.respond(i, `["poke","failed","not there"]`) }, RefusedError{"poke", "failed", "not there"}},
		"denied as response": {4, func(a *fakeAgent, i netcode.Interaction) {
			a.respond(i, `["interaction_denied",`+string(i.Append(nil))+`,"deny *"]`)
		}, RefusedError{"poke", "denied", "deny *"}},
		"denied as message": {2, func(a *fakeAgent, i netcode.Interaction) {
			a.send(netcode.CommandChannel, true, []byte(`["interaction_denied",`+string(i.Append(nil))+`,"deny *"]`))
		}, RefusedError{"poke", "denied", "deny *"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			script := func(p *fakePlace) { p.interact = c.answer }
			inPlace(t, Config{Version: c.version}, script, func(t *testing.T, client *Client, _ *fakeAgent) {
				body, err := client.Request(within(t), "place", "poke")
				var refused *RefusedError
				if !errors.As(err, &refused) || *refused != c.want || len(body) < 3 {
					t.Errorf("got %v, %v, want %v", body, err, &c.want)
				}
			})
		})
	}
}

func TestOnlyTheVerbAskedCanBeRefused(t *testing.T) {
	script := func(p *fakePlace) {
		p.interact = func(a *fakeAgent, i netcode.Interaction) { a.respond(i, `["log","error","a line of the log"]`) }
	}
	inPlace(t, Config{}, script, func(t *testing.T, c *Client, _ *fakeAgent) {
		if body, err := c.Request(within(t), "place", "read"); err != nil {
			t.Errorf("got %v, %v", body, err)
		}
	})
}

func TestRequestEndsWithItsContextOrTheConnection(t *testing.T) {
	inPlace(t, Config{}, func(p *fakePlace) { p.interact = func(*fakeAgent, netcode.Interaction) {} }, func(t *testing.T, c *Client, a *fakeAgent) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Request(ctx, "place", "poke"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		a.interaction(netcode.TypeResponse, "place", "1", `["poke","ok"]`) // too late
		failed := make(chan error)
		go func() {
			_, err := c.Request(t.Context(), "place", "poke")
			failed <- err
		}()
		after(time.Second)
		a.place.transport.Disconnect(a.conn, netcode.CodeKicked)
		var kicked *DisconnectError
		if err := <-failed; !errors.As(err, &kicked) || kicked.Code != netcode.CodeKicked || !errors.Is(err, netcode.ErrClosed) {
			t.Errorf("got %v", err)
		}
		if _, err := c.Request(t.Context(), "place", "poke"); !errors.As(err, &kicked) {
			t.Errorf("a request afterwards: %v", err)
		}
		if err := c.Send("place", "poke"); !errors.As(err, &kicked) {
			t.Errorf("a message afterwards: %v", err)
		}
	})
}

func TestHandleHearsInteractionsInOrderAndMayAnswer(t *testing.T) {
	var heard []string
	cfg := Config{Handle: func(c *Client, i netcode.Interaction) {
		heard = append(heard, i.Type+" "+netcode.BodyVerb(i.Body))
		if i.Type == netcode.TypeRequest {
			// Asking from within a callback must not wait for the callback.
			got, err := c.Request(context.Background(), "place", "what is this")
			if err != nil {
				heard = append(heard, err.Error())
			}
			c.Respond(i, netcode.BodyVerb(i.Body), "ok", got[0])
		}
		if err := c.Respond(i, "x"); i.Type != netcode.TypeRequest && err == nil {
			heard = append(heard, "responded to a "+i.Type)
		}
	}}
	var answers []netcode.Interaction
	script := func(p *fakePlace) {
		echo(p)
		answer := p.interact
		p.interact = func(a *fakeAgent, i netcode.Interaction) {
			if i.Type == netcode.TypeResponse {
				answers = append(answers, i)
			}
			answer(a, i)
		}
	}
	inPlace(t, cfg, script, func(t *testing.T, c *Client, a *fakeAgent) {
		a.interaction(netcode.TypeOneway, "someone", "", `["wave"]`)
		a.interaction(netcode.TypeRequest, "someone", "abc", `["sit"]`)
		a.interaction("one-way", "someone", "", `["point",[0,0,0]]`)
		a.interaction(netcode.TypePublication, "someone", "", `["news"]`)
		after(time.Second)
		if want := []string{"oneway wave", "request sit", "one-way point", "publication news"}; !slices.Equal(heard, want) {
			t.Errorf("heard %q, want %q", heard, want)
		}
		want := netcode.Interaction{Type: netcode.TypeResponse, From: "avatar-0", To: "someone", RequestID: "abc", Body: []byte(`["sit","ok","what is this"]`)}
		if len(answers) == 0 || !reflect.DeepEqual(answers[0], want) {
			t.Errorf("answered %v, want %v", answers, want)
		}
	})
}

func TestRequestNobodyHandlesIsAnswered(t *testing.T) {
	var answers []string
	script := func(p *fakePlace) {
		p.interact = func(_ *fakeAgent, i netcode.Interaction) { answers = append(answers, i.RequestID+" "+string(i.Body)) }
	}
	inPlace(t, Config{}, script, func(t *testing.T, c *Client, a *fakeAgent) {
		a.interaction(netcode.TypeRequest, "someone", "abc", `["sit"]`)
		a.interaction(netcode.TypeOneway, "someone", "", `["wave"]`)
		after(time.Second)
		if want := []string{`abc ["sit","error","this agent takes no requests"]`}; !slices.Equal(answers, want) {
			t.Errorf("answered %q, want %q", answers, want)
		}
	})
}

func TestEnvelopeClientWavesAndIsAnswered(t *testing.T) {
	var heard []netcode.Interaction
	cfg := Config{Envelope: true, Handle: func(_ *Client, i netcode.Interaction) { heard = append(heard, i) }}
	var seen []netcode.Interaction
	script := func(p *fakePlace) {
		p.interact = func(a *fakeAgent, i netcode.Interaction) {
			seen = append(seen, i)
			a.interaction(netcode.TypeOneway, "place", "", `["wave","back"]`)
		}
	}
	inPlace(t, cfg, script, func(t *testing.T, c *Client, a *fakeAgent) {
		if err := c.Send("place", "wave"); err != nil {
			t.Error(err)
		}
		after(time.Second)
		want := []netcode.Interaction{{Type: netcode.TypeOneway, From: "avatar-0", To: "place", Body: []byte(`["wave"]`), Envelope: true}}
		if !reflect.DeepEqual(seen, want) {
			t.Errorf("the place saw %v, want %v", seen, want)
		}
		if len(heard) != 1 || string(heard[0].Body) != `["wave","back"]` || !heard[0].Envelope {
			t.Errorf("heard %v", heard)
		}
		if _, err := c.Request(within(t), "place", "poke"); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("a request: %v", err)
		}
	})
}
