package apps

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// App is a program that a [Gateway] boots.
type App struct {
	// Command is the program and its arguments. No shell reads it.
	Command []string
	// Dir is where it runs. "" means where the gateway does.
	Dir string
	// Env are further variables, as NAME=VALUE.
	Env []string
}

// GatewayConfig describes a gateway. Zero values are the defaults.
type GatewayConfig struct {
	// Apps are what can be launched, by the names that POSTs have as their path. With
	// one app alone, a POST to / means that.
	Apps map[string]App
	// MaxInstances is how many may run at once, of all apps; a further POST is answered
	// 503. Default 16.
	MaxInstances int
	// Idle ends an instance that has written nothing for so long: whether it is still in
	// its place a gateway cannot see, so an app that is to stay says something now and
	// then. 0 means never.
	Idle time.Duration
	// Grace is how long an instance may take to end after SIGTERM; then it gets
	// SIGKILL. Default 5 s.
	Grace time.Duration
	// Rate is how many POSTs are taken a second on average, and Burst how many at once;
	// more are answered 429. Default 1 and 10.
	Rate  float64
	Burst int
	// BodyBytes is the largest body; larger ones are answered 413. Default 64 KiB.
	BodyBytes int
	// BodyTimeout is how long a body may take to come; slower ones are answered 408.
	// How long headers may is for the [http.Server] to say. Default 5 s.
	BodyTimeout time.Duration
	// Token is what all must bring, as a bearer token or as a password with any name, or
	// are answered 401. "" lets in everybody who can reach the gateway.
	Token string
	// Env are names of variables that programs get from the gateway's own environment,
	// beside PATH, HOME, USER, LOGNAME, SHELL, LANG, LC_ALL, TZ and TMPDIR.
	Env []string
	// Logger hears of instances, and what they write. Nil means [slog.Default].
	Logger *slog.Logger
}

// inherited are what any program may need and none could keep a secret in.
var inherited = []string{"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "TZ", "TMPDIR"}

// environment is what every program gets.
func (c *GatewayConfig) environment() (env []string) {
	for _, name := range slices.Concat(inherited, c.Env) {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// complete puts in the defaults, and finds the programs.
func (c *GatewayConfig) complete() error {
	if len(c.Apps) == 0 {
		return errors.New("a gateway needs an app")
	}
	if c.MaxInstances < 0 || c.Idle < 0 || c.Grace < 0 || !(c.Rate >= 0) || c.Burst < 0 || c.BodyBytes < 0 || c.BodyTimeout < 0 {
		return errors.New("GatewayConfig has a limit below 0")
	}
	c.MaxInstances = cmp.Or(c.MaxInstances, 16)
	c.Grace = cmp.Or(c.Grace, 5*time.Second)
	c.Rate = cmp.Or(c.Rate, 1)
	c.Burst = cmp.Or(c.Burst, 10)
	c.BodyBytes = cmp.Or(c.BodyBytes, 64<<10)
	c.BodyTimeout = cmp.Or(c.BodyTimeout, 5*time.Second)
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	c.Apps = maps.Clone(c.Apps)
	for name, app := range c.Apps {
		if !isHostName(name) || name == "instances" {
			return fmt.Errorf("app %.100q: want a name of letters, digits, -, _ and ., other than instances", name)
		}
		if len(app.Command) == 0 {
			return fmt.Errorf("app %s has no command", name)
		}
		path, err := exec.LookPath(app.Command[0])
		if err == nil {
			path, err = filepath.Abs(path) // Dir is for the program alone
		}
		if err != nil {
			return fmt.Errorf("app %s: %w", name, err)
		}
		app.Command = append([]string{path}, app.Command[1:]...)
		c.Apps[name] = app
	}
	return nil
}
