//go:build unix

package apps

import (
	"os/exec"
	"syscall"
)

// ownGroup has a command lead a process group of its own, so that what it starts can be
// ended with it, and a Ctrl-C meant for the gateway is not for it too.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// terminate asks all of a started command's group to end.
func terminate(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }

// kill ends all that is left of it. While anything is, the group keeps its number from
// being used again.
func kill(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
