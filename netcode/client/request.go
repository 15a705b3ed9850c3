package client

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/loci-place/loci/netcode"
)

// Request sends a request to an entity ("place" for the place itself) and returns the body of
// the response, which begins with the verb. A negative response is returned together with a
// [*RefusedError]. Any other error means that there was no answer, because ctx or the connection
// ended.
//
// The body's items may be anything that [encoding/json] can write, the verb first:
//
//	answer, err := c.Request(ctx, "place", "subscribe", pattern)
func (c *Client) Request(ctx context.Context, to string, body ...any) ([]any, error) {
	return c.RequestFrom(ctx, "", to, body...)
}

// RequestFrom is Request on behalf of another entity of the agent than its avatar.
func (c *Client) RequestFrom(ctx context.Context, from, to string, body ...any) ([]any, error) {
	if c.cfg.Envelope {
		return nil, fmt.Errorf("netcode: request in a version 0 envelope: %w", errors.ErrUnsupported)
	}
	verb := text(netcode.BodyItem(body, 0))
	data, err := netcode.EncodeBody(body)
	if err != nil {
		return nil, fmt.Errorf("request %.100s of %.100s: %w", verb, to, err)
	}
	id := strconv.FormatUint(c.lastID.Add(1), 10)
	answered := c.ask(id)
	err = c.sendInteraction(netcode.Interaction{Type: netcode.TypeRequest, From: from, To: to, RequestID: id, Body: data})
	if err != nil {
		c.forget(id)
		return nil, fmt.Errorf("request %.100s of %.100s: %w", verb, to, err)
	}
	answer, err := c.await(ctx, id, answered)
	if err != nil {
		return nil, fmt.Errorf("request %.100s of %.100s: %w", verb, to, err)
	}
	return answer, refusal(verb, answer)
}

// Send sends a one-way message to an entity.
func (c *Client) Send(to string, body ...any) error {
	data, err := netcode.EncodeBody(body)
	if err != nil {
		return fmt.Errorf("send to %.100s: %w", to, err)
	}
	return c.sendInteraction(netcode.Interaction{Type: netcode.TypeOneway, To: to, Body: data})
}

// Publish sends a publication to all subscribers.
func (c *Client) Publish(body ...any) error {
	data, err := netcode.EncodeBody(body)
	if err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	return c.sendInteraction(netcode.Interaction{Type: netcode.TypePublication, Body: data})
}

// Respond answers a request that Handle was called with.
func (c *Client) Respond(request netcode.Interaction, body ...any) error {
	if request.Type != netcode.TypeRequest {
		return fmt.Errorf("netcode: respond to a %s", request.Type)
	}
	data, err := netcode.EncodeBody(body)
	if err != nil {
		return fmt.Errorf("respond to %.100s: %w", request.From, err)
	}
	return c.sendInteraction(netcode.Interaction{
		Type: netcode.TypeResponse, From: request.To, To: request.From, RequestID: request.RequestID, Body: data,
	})
}

// sendInteraction sends an interaction. The default of From is the avatar.
func (c *Client) sendInteraction(i netcode.Interaction) error {
	if i.From == "" {
		i.From = c.Avatar()
	}
	if err := c.Err(); err != nil {
		return err
	}
	i.Envelope = c.cfg.Envelope
	return c.send(netcode.CommandChannel, true, i.Append(nil))
}

// requests are the requests in flight, by id. They are guarded by the client's lock. Each channel
// has room for its one answer.
type requests map[string]chan<- answer

type answer struct {
	body []any
	err  error
}

// ask registers a request.
func (c *Client) ask(id string) <-chan answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	ch := make(chan answer, 1)
	switch {
	case c.err != nil:
		ch <- answer{err: c.err}
	case c.lost != nil:
		ch <- answer{err: c.lost}
	default:
		c.requests[id] = ch
	}
	return ch
}

func (c *Client) await(ctx context.Context, id string, answered <-chan answer) ([]any, error) {
	select {
	case a := <-answered:
		return a.body, a.err
	case <-ctx.Done():
		c.forget(id)
		return nil, ctx.Err()
	}
}

func (c *Client) forget(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.requests, id)
}

// settle passes a response to its request, and reports whether there is one.
func (c *Client) settle(id string, body []any) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	ch, ok := c.requests[id]
	if !ok {
		return false
	}
	delete(c.requests, id)
	if id == announceID {
		c.hearAnnounceAnswer(body)
	}
	ch <- answer{body: body}
	return true
}

// fail ends all open requests.
func (r requests) fail(err error) {
	for id, ch := range r {
		ch <- answer{err: err}
		delete(r, id)
	}
}

// refusal returns the error in a negative response.
func refusal(verb string, body []any) error {
	first, _ := netcode.BodyItem(body, 0).(string)
	second, _ := netcode.BodyItem(body, 1).(string)
	switch {
	case first == "interaction_denied":
		return &RefusedError{Verb: verb, Kind: "denied", Reason: text(netcode.BodyItem(body, 2))}
	case first == verb && (second == "error" || second == "failed"):
		return &RefusedError{Verb: verb, Kind: second, Reason: text(netcode.BodyItem(body, 2))}
	default:
		return nil
	}
}
