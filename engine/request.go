package engine

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/loci-place/loci/netcode"
)

// Verb answers what agents ask the place, or an entity of its own, with a body that begins with its name, be
// it a request or one-way. It runs on the place's turn, so it must not block; it may
// keep the request and answer later, from any goroutine. Requests are answered once:
// the first answer counts, and none is owed to what is one-way.
type Verb func(r *Request)

// Request is something that an agent, or the host itself ([Turn.Ask]), asks the place
// or an entity of its own (netcode/PROTOCOL.md, "Verbs of the place").
type Request struct {
	Type  string // one of netcode's Types
	From  string // the entity that asks; "" in an announce
	To    string // PlaceID, or another entity of the place's
	ID    string // the asker's own name for it
	Verb  string
	Args  []any // the body after the verb, as [netcode.ParseValue] has it
	Agent Agent // who asks; its ID is PlaceID where the host does, "" in an announce

	place    *Place
	turn     *Turn
	agent    *agent    // nil where the host asks, and in an announce
	session  *session  // over which the agent asked
	announce *newcomer // nil but in an announce
	encoded  encodings // its components
	parsed   any       // by the official verb
	detaches bool      // all that it may do is to take what is another's off the agent's own
	done     Answered  // where the host asks
	answered atomic.Bool
	begun    bool              // Default has been called
	catch    func(items []any) // what is answered goes here instead; see DefaultAnswer
}

// Turn is the place's turn, for the time of the call of a [Verb] only.
func (r *Request) Turn() *Turn { return r.turn }

// IsAnnounce reports whether this is the announce of an agent that is not in yet. Only
// [Request.Default] lets it in; any other answer sends it away. It must be answered
// at once.
func (r *Request) IsAnnounce() bool { return r.announce != nil }

// Default lets the place answer as it does out of the box, on the place's turn. It
// refuses if the agent or the entity that asked has gone meanwhile, and if the request
// has been answered or it was called before: nothing is done twice.
func (r *Request) Default() {
	if r.begun || r.answered.Load() {
		r.Refuse("that has been answered already")
		return
	}
	r.begun = true
	if r.announce != nil {
		r.announce.letIn(r)
		return
	}
	if r.agent != nil && r.place.owner(r.From) != r.agent {
		r.Refuse("the sender is gone")
		return
	}
	v := officialVerbs[r.Verb]
	if v == nil || r.agent == nil || !v.oneway && (r.Type != netcode.TypeRequest || r.To != PlaceID) {
		r.Refuse(fmt.Sprintf("%s does not know %.100q", r.asked(), r.Verb))
		return
	}
	v.answer(r)
}

// DefaultAnswer is Default, but returns the items of the answer instead of sending it, for
// callers that want to see or change them first. It returns false if the answer takes time:
// the place then sends it by itself.
func (r *Request) DefaultAnswer() (items []any, ok bool) {
	r.catch = func(got []any) {
		if !ok {
			items, ok = slices.Clone(got), true
		}
	}
	r.Default()
	r.catch = nil
	return items, ok
}

func (r *Request) asked() string {
	if r.To == PlaceID {
		return "the place"
	}
	return "the entity"
}

// asker is who asks, as the rules see it.
func (r *Request) asker() *asker { return &asker{agent: r.agent.id, from: r.From, known: r.encoded} }

// command is what an agent asks, in the form it came in.
func (r *Request) command() *command {
	return &command{verb: r.Verb, Interaction: netcode.Interaction{
		Type: r.Type, From: r.From, To: r.To, RequestID: r.ID,
		Body: netcode.AppendValue(nil, append([]any{r.Verb}, r.Args...)),
	}}
}

// OK answers with "ok" and what else there is to say, see [Request.Answer].
func (r *Request) OK(items ...any) { r.Answer(append([]any{"ok"}, items...)...) }

// Fail answers that what was asked cannot be done as things are.
func (r *Request) Fail(why string) { r.Answer("failed", why) }

// Refuse answers that it makes no sense, or is not allowed.
func (r *Request) Refuse(why string) { r.Answer("error", why) }

// Answer answers with the verb and these items behind it, which may be anything that
// [encoding/json] can write. Where it cannot, that is the answer, an error, and logged.
func (r *Request) Answer(items ...any) {
	if r.catch == nil && (r.Type != netcode.TypeRequest || r.answered.Swap(true)) {
		return
	}
	items, body, err := r.body(items)
	if err != nil {
		r.place.log.Error("an answer cannot be written", "verb", r.Verb, "error", err)
		items, body, _ = r.body([]any{"error", "the answer cannot be written: " + err.Error()})
	}
	switch {
	case r.catch != nil:
		r.catch(items)
	case r.done != nil:
		r.done(items, nil)
	case r.announce != nil:
		r.announce.answer(r.place, items)
	default:
		r.place.counts.answered(r.Verb, items)
		r.agent.pending.Add(-1)
		switch err := r.send(body); {
		case errors.Is(err, netcode.ErrTooLarge):
			r.sendError("the answer is too large to send")
		case errors.Is(err, ErrQueueFull):
			r.sendError("too much waits to be sent to you already")
		}
	}
}

// body returns the items of an answer as an agent would have sent them, and its body.
func (r *Request) body(items []any) (plain []any, body []byte, err error) {
	whole := append([]any{r.Verb}, items...)
	if body, err = netcode.EncodeBody(whole); err != nil {
		return nil, nil, err
	}
	return plainItems(whole, body)[1:], body, nil
}

func (r *Request) sendError(why string) {
	_ = r.send(netcode.AppendValue(nil, []any{r.Verb, "error", why}))
}

func (r *Request) send(body []byte) error {
	return r.place.send(r.session, &netcode.Interaction{
		Type: netcode.TypeResponse, From: r.To, To: r.From, RequestID: r.ID, Body: body,
	})
}
