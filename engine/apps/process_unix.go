//go:build unix

package apps

import (
	"os/exec"
	"syscall"
)

// ownGroup starts a command in a process group of its own, so that its children can be ended
// with it, and Ctrl-C in the gateway's terminal does not reach it.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// terminate sends SIGTERM to the process group of a command.
func terminate(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }

// kill sends SIGKILL to what is left of the process group. As long as anything is, the number
// of the group is not reused.
func kill(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
