package client

import (
	"context"
	"fmt"
	"math"

	"github.com/loci-place/loci/netcode"
)

// announceID is the announce's request id. It is not one that Request uses, as
// an answer in the envelope of version 0 is told by its verb alone.
const announceID = "announce"

// announce asks the place to let the agent in and waits for the answer. The
// agent's intents and its first clock request go out right behind the question.
// Resume is the avatar it wants back, "" for none.
func (c *Client) announce(ctx context.Context, resume string) error {
	l := c.link.Load()
	select {
	case <-l.connected:
	case <-l.lost:
		return c.whyLost()
	case <-c.done:
		return c.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
	met, err := c.acquaint(resume)
	if err != nil {
		return err
	}
	a := netcode.Announce{Version: c.cfg.Version, Identity: c.identity(met.auth), Avatar: c.cfg.Avatar}
	announced := a.Append(nil)
	answered := c.askToJoin(announced, met)
	err = c.sendInteraction(netcode.Interaction{Type: netcode.TypeRequest, To: "place", RequestID: announceID, Body: announced})
	if err != nil {
		return err
	}
	c.begin()
	body, err := c.await(ctx, announceID, answered)
	if err != nil {
		return err
	}
	if err := announceRefusal(body); err != nil {
		return err
	}
	return c.parted()
}

// hearAnnounceAnswer takes the avatar from a good answer, on the transport's
// goroutine, so that whatever comes behind it finds the agent complete.
func (c *Client) hearAnnounceAnswer(body []any) {
	if len(body) < 2 || announceRefusal(body) != nil {
		return
	}
	avatar, _ := body[1].(string)
	if c.lost != nil {
		c.back(avatar == c.avatar)
	}
	c.avatar = avatar
	if len(body) > 2 {
		c.place, _ = body[2].(string)
	}
}

// announceRefusal is the error of an answer other than ["announce",avatar,name].
func announceRefusal(body []any) error {
	verb, _ := netcode.BodyItem(body, 0).(string)
	second, ok := netcode.BodyItem(body, 1).(string)
	switch {
	case verb == "announce" && ok && second != "error":
		return nil
	case verb == "announce" && ok:
		return &AnnounceError{Code: announceCode(netcode.BodyItem(body, 2)), Reason: text(netcode.BodyItem(body, 3))}
	case verb == "interaction_denied":
		return &AnnounceError{Code: int(netcode.CodeDenied), Reason: text(netcode.BodyItem(body, 2))}
	default:
		return &AnnounceError{Reason: fmt.Sprintf("an answer that makes no sense, %s", netcode.AppendValue(nil, body))}
	}
}

func announceCode(v any) int {
	code, ok := v.(float64)
	if !ok || code != math.Trunc(code) || math.Abs(code) > math.MaxInt32 {
		return 0
	}
	return int(code)
}

// text shows a value to people: text as it is, anything else as JSON.
func text(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return string(netcode.AppendValue(nil, v))
}
