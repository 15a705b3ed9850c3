//go:build !unix

package apps

import "os/exec"

// Without process groups and signals, only the command itself is ended, and at once.

func ownGroup(*exec.Cmd) {}

func terminate(cmd *exec.Cmd) { _ = cmd.Process.Kill() }

func kill(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
