package main

import (
	"crypto/rand"
	"errors"
	"sync"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/scripts"
)

// boxOffice sells tickets and takes them back. Its methods may be called from any
// goroutine.
type boxOffice struct {
	show string

	mu     sync.Mutex
	unsold int
	valid  map[string]bool // the tickets that nobody has shown yet
}

var (
	errSoldOut  = errors.New("sold out")
	errNoTicket = errors.New("there is no such ticket, or it has been shown")
)

func newBoxOffice(show string, tickets int) *boxOffice {
	return &boxOffice{show: show, unsold: tickets, valid: map[string]bool{}}
}

func (o *boxOffice) left() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.unsold
}

// sell returns the code of a ticket.
func (o *boxOffice) sell() (code string, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.unsold == 0 {
		return "", errSoldOut
	}
	o.unsold--
	code = rand.Text()[:12]
	o.valid[code] = true
	return code, nil
}

// redeem takes a ticket that is shown. It is good once.
func (o *boxOffice) redeem(code string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.valid[code] {
		return errNoTicket
	}
	delete(o.valid, code)
	return nil
}

// module is what the foyer's scripts get by require "tickets". Its functions run on the
// place's turn, during which it stands still, so they take what is in memory and wait for
// nothing. What takes time belongs on a goroutine of its own, which tells the scripts of
// its end as foyer.tell does.
//
// Arguments and results are plain data: text, numbers as float64, booleans, lists, maps.
func (o *boxOffice) module() scripts.Module {
	return scripts.Module{
		"show": func(*engine.Turn, []any) ([]any, error) { return []any{o.show}, nil },
		"left": func(*engine.Turn, []any) ([]any, error) { return []any{float64(o.left())}, nil },
		"redeem": func(_ *engine.Turn, args []any) ([]any, error) {
			if len(args) != 1 {
				// The script is wrong: that is an error in it, with its line.
				return nil, errors.New("want the code of a ticket")
			}
			// The agent may be wrong: that is for the script to deal with.
			code, _ := args[0].(string)
			if err := o.redeem(code); err != nil {
				return []any{nil, err.Error()}, nil
			}
			return []any{true}, nil
		},
	}
}
