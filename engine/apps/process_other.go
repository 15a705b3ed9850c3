//go:build !unix

package apps

import "os/exec"

// Where there are no process groups and no signals, a command is ended alone, and at
// once.

func ownGroup(*exec.Cmd) {}

func terminate(cmd *exec.Cmd) { _ = cmd.Process.Kill() }

func kill(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
