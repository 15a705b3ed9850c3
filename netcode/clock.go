package netcode

import (
	"errors"
	"fmt"
	"math"
)

// Clock is one exchange of clocks (netcode/PROTOCOL.md, "Clock"), in seconds: the agent's time
// when it asked, and the place's when it answered.
type Clock struct {
	Client, Server float64
}

var (
	errNoClock  = errors.New("neither client_time nor client_clock")
	errNoServer = errors.New("neither server_time nor server_clock")
)

// AppendClockRequest appends the message by which an agent asks for the time. The reply
// repeats clientTime, in seconds.
func AppendClockRequest(dst []byte, clientTime float64) []byte {
	dst = appendFloat(append(dst, `{"client_time":`...), clientTime)
	return append(dst, "}\n"...)
}

// AppendClockReply appends the answer to a request: everything in the request, and
// serverTime, in seconds, as server_time if there is a client_time and as server_clock if
// there is a client_clock. On error nothing is appended.
func AppendClockReply(dst, request []byte, serverTime float64) ([]byte, error) {
	if math.IsNaN(serverTime) || math.IsInf(serverTime, 0) {
		return dst, fmt.Errorf("clock: server time is %v", serverTime)
	}
	p := clockReply{dst: append(dst, '{')}
	p.reset(request)
	if err := p.message(); err != nil {
		return dst, fmt.Errorf("clock: %w", err)
	}
	if p.hasTime {
		p.dst = appendFloat(append(p.dst, `"server_time":`...), serverTime)
	}
	if p.hasTime && p.hasClock {
		p.dst = append(p.dst, ',')
	}
	if p.hasClock {
		p.dst = appendFloat(append(p.dst, `"server_clock":`...), serverTime)
	}
	return append(p.dst, "}\n"...), nil
}

type clockReply struct {
	scanner
	dst               []byte
	hasTime, hasClock bool
}

func (p *clockReply) message() error {
	if err := checkUTF8(p.data); err != nil {
		return err
	}
	if err := p.object(p.field); err != nil {
		return err
	}
	if !p.hasTime && !p.hasClock {
		return errNoClock
	}
	return p.end()
}

// field copies one field, followed by a comma, unless it is one that the reply sets.
func (p *clockReply) field(key []byte) error {
	var err error
	p.peek() // the value begins behind the white space
	start := p.pos
	switch string(key) {
	case "server_time", "server_clock":
		return p.skip()
	case "client_time":
		p.hasTime = true
		_, err = p.number()
	case "client_clock":
		p.hasClock = true
		_, err = p.number()
	default:
		err = p.skip()
	}
	p.dst = append(appendString(p.dst, key), ':')
	p.dst = append(append(p.dst, p.data[start:p.pos]...), ',')
	return err
}

// ParseClockReply parses the answer to a request, in either spelling.
func ParseClockReply(data []byte) (Clock, error) {
	var s scanner
	s.reset(data)
	c, err := s.clock()
	if err != nil {
		return Clock{}, fmt.Errorf("clock: %w", err)
	}
	return c, nil
}

func (s *scanner) clock() (Clock, error) {
	client, server := math.NaN(), math.NaN()
	err := s.object(func(key []byte) error {
		switch string(key) {
		case "client_time", "client_clock":
			return s.optionalNumber(&client)
		case "server_time", "server_clock":
			return s.optionalNumber(&server)
		default:
			return s.skip()
		}
	})
	switch {
	case err != nil:
		return Clock{}, err
	case math.IsNaN(client):
		return Clock{}, errNoClock
	case math.IsNaN(server):
		return Clock{}, errNoServer
	}
	return Clock{Client: client, Server: server}, s.end()
}
