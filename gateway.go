package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/google/shlex"
	"github.com/loci-place/loci/engine/apps"
	"github.com/spf13/cobra"
)

// gatewayToken is the variable with what a place has to bring to a gateway.
const gatewayToken = "LOCI_GATEWAY_TOKEN"

// gatewayOptions is what `loci gateway` can be told.
type gatewayOptions struct {
	listen string   // HOST:PORT; port 0 asks for any free one
	apps   []string // NAME=COMMAND
	config apps.GatewayConfig
	log    logOptions
}

func newGatewayCommand() *cobra.Command {
	o := &gatewayOptions{}
	cmd := &cobra.Command{
		Use:   "gateway --app NAME='COMMAND ARGS…'",
		Short: "Boot apps for places that ask it to, until SIGINT or SIGTERM",
		Long: `Boot apps for places that ask it to, until SIGINT or SIGTERM.

An agent in a place launches one with ["launch_app", "alloapp:http://HOST:PORT/NAME",
{args}]. Its place then POSTs here, and the app's program is started: no shell reads
its command, but '…' and "…" keep words together. The program is told in its
environment, each as one line,

  ALLOVERSE_PLACE_URL           the place it is to join
  ALLOVERSE_REQUESTER_IDENTITY  who has launched it, a JSON object
  ALLOVERSE_URL_PARAMS          the args, a JSON object; their avatarToken is what it
                                has to have in its avatar: {"avatar":{"token":…}}

and the last two also in ALLO_APP_BOOTED_BY_IDENTITY and ALLO_APP_BOOT_ARGS. Beyond
these it gets PATH, HOME, USER, LOGNAME, SHELL, LANG, LC_ALL, TZ, TMPDIR and what
--env names. What it writes goes to the log. It is not started again when it ends; what
it has started itself is ended with it.

GET / lists apps and instances, as HTML or JSON. DELETE /instances/ID ends one.

With LOCI_GATEWAY_TOKEN in the environment all must bring that: as a bearer token, as a
place with the same variable does, or as a password with any name.

Once it can be asked, one line goes to stdout: ready http://HOST:PORT. Logs go to
stderr.`,
		Example: `  loci gateway --app clock='./clock --face round'
  loci gateway --listen :8000 --app clock='env -C /srv/clock sh -c "exec ./allo/assist run $ALLOVERSE_PLACE_URL"'`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.complete(os.Getenv); err != nil {
				return &usageError{cmd, err}
			}
			return o.serve(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	flags, c := cmd.Flags(), &o.config
	flags.StringVar(&o.listen, "listen", "127.0.0.1:8000", "TCP `HOST:PORT` to listen on; without HOST on every address, and port 0 takes a free one")
	flags.StringArrayVar(&o.apps, "app", nil, "`NAME=COMMAND` of an app; once for each")
	flags.IntVar(&c.MaxInstances, "max-instances", 16, "`N` instances at once, of all apps; more are refused")
	flags.DurationVar(&c.Idle, "idle", 0, "end an instance that has written nothing for this `TIME`, such as 1h30m; 0 is never")
	flags.DurationVar(&c.Grace, "grace", 5*time.Second, "`TIME` that an instance may take to end after SIGTERM, before SIGKILL")
	flags.Float64Var(&c.Rate, "rate", 1, "`N` launches a second on average, with 10 at once; more are refused")
	flags.StringSliceVar(&c.Env, "env", nil, "`NAME` of a variable that programs get from the environment; more are separated by commas")
	o.log.flags(flags)
	return cmd
}

// complete reads the apps, and refuses what makes no sense.
func (o *gatewayOptions) complete(getenv func(string) string) error {
	c := &o.config
	if err := checkListen(o.listen); err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	if slices.Contains(c.Env, gatewayToken) {
		return fmt.Errorf("--env: programs do not get %s", gatewayToken)
	}
	if c.MaxInstances < 1 || c.Idle < 0 || c.Grace <= 0 || !(c.Rate > 0) {
		return errors.New("--max-instances, --grace and --rate must be more than 0, and --idle not less")
	}
	c.Apps = map[string]apps.App{}
	for _, app := range o.apps {
		name, line, _ := strings.Cut(app, "=")
		command, err := shlex.Split(line)
		if err != nil {
			return fmt.Errorf("--app %s: %w", name, err)
		}
		if _, twice := c.Apps[name]; twice {
			return fmt.Errorf("--app %s is there twice", name)
		}
		c.Apps[name] = apps.App{Command: command}
	}
	if len(c.Apps) == 0 {
		return errors.New("want an app: --app NAME='COMMAND ARGS…'")
	}
	c.Token = getenv(gatewayToken)
	return nil
}

// serve opens the gateway and blocks until a signal or ctx ends it.
func (o *gatewayOptions) serve(ctx context.Context, stdout, stderr io.Writer) error {
	o.config.Logger = o.log.logger(stderr)
	gateway, err := apps.NewGateway(o.config)
	if err != nil {
		return err
	}
	defer gateway.Close()
	listener, err := net.Listen("tcp", o.listen)
	if err != nil {
		return err
	}
	defer listener.Close()
	ctx, stop := untilSignal(ctx, o.config.Logger)
	defer stop()
	if _, err := fmt.Fprintf(stdout, "ready http://%s\n", listener.Addr()); err != nil {
		return fmt.Errorf("cannot say that the gateway is ready: %w", err)
	}
	server := &http.Server{
		Handler:  onlyTo(listener.Addr(), gateway),
		ErrorLog: slog.NewLogLogger(o.config.Logger.Handler(), slog.LevelDebug),
		// As quick as what a place sends is short. A DELETE may take the grace.
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      o.config.Grace + 20*time.Second,
		IdleTimeout:       30 * time.Second,
		MaxHeaderBytes:    128 << 10, // an identity of 16 KiB may have six bytes for each
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	gateway.Close()
	soon, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = server.Shutdown(soon) // one who asked for an end hears of it
	return server.Close()
}
