package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// roleVariable has this program play one of the roles when it is started.
const roleVariable = "LOCI_FLOOR_ROLE"

// roles are the processes of a measurement: each has one of its own, so that
// their CPU time can be told apart.
var roles = map[string]func(*parent) error{
	"place":  playPlace,
	"agents": playAgents,
	"bare":   playBare,
	"peers":  playPeers,
}

// child is this program, started again in a role. It is told its part on stdin
// and answers on stdout, in JSON.
type child struct {
	role  string
	cmd   *exec.Cmd
	stdin io.WriteCloser
	tell  *json.Encoder
	hears *json.Decoder
}

// start starts a child, tells it its part and hears its first answer. It is
// killed when ctx ends.
func start(ctx context.Context, role string, part, answer any) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &child{role: role, cmd: exec.CommandContext(ctx, self)}
	c.cmd.Env = append(os.Environ(), roleVariable+"="+role)
	c.cmd.Stderr = os.Stderr
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.tell, c.hears = json.NewEncoder(c.stdin), json.NewDecoder(stdout)
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	if err := c.ask(part, answer); err != nil {
		return nil, errors.Join(err, c.stop())
	}
	return c, nil
}

// ask tells the child something and hears its answer.
func (c *child) ask(question, answer any) error {
	if err := c.tell.Encode(question); err != nil {
		return fmt.Errorf("the %s: %w", c.role, err)
	}
	return c.hear(answer)
}

func (c *child) hear(answer any) error {
	if err := c.hears.Decode(answer); err != nil {
		return fmt.Errorf("the %s: %w", c.role, err)
	}
	return nil
}

// stop has the child end and waits until it has.
func (c *child) stop() error {
	err := c.stdin.Close()
	if err := c.cmd.Wait(); err != nil {
		return fmt.Errorf("the %s: %w", c.role, err)
	}
	return err
}

// parent is who has started this process.
type parent struct {
	asks *json.Decoder
	tell *json.Encoder
}

// play plays a role until stdin ends, and returns the exit code.
func play(role string) int {
	f, ok := roles[role]
	if !ok {
		fmt.Fprintf(os.Stderr, "floor: there is no role %q\n", role)
		return 2
	}
	if err := f(&parent{json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)}); err != nil {
		fmt.Fprintf(os.Stderr, "floor: the %s: %v\n", role, err)
		return 1
	}
	return 0
}

// part hears the first thing the parent has to say.
func (p *parent) part(part any) error { return p.asks.Decode(part) }

func (p *parent) answer(v any) error { return p.tell.Encode(v) }

// serve gives a reading of what was counted so far, each time it is asked to.
func (p *parent) serve(reading func() any) error {
	for {
		var question any
		switch err := p.asks.Decode(&question); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := p.answer(reading()); err != nil {
			return err
		}
	}
}
