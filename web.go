package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"syscall"

	"github.com/spf13/pflag"

	"github.com/loci-place/loci/engine/web"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/enet"
	netweb "github.com/loci-place/loci/netcode/web"
	"github.com/loci-place/loci/scripts"
)

// defaultWeb is where browsers walk in unless told otherwise, or on the next free port.
const defaultWeb = "127.0.0.1:8080"

// completeWeb refuses what makes no sense in the flags about browsers.
func (o *serveOptions) completeWeb(flags *pflag.FlagSet) error {
	o.webDefault = !flags.Changed("web")
	if o.web == "" {
		o.web = "none"
	}
	if o.web == "none" {
		return nil
	}
	addr, err := statusAddr(o.web)
	if err != nil {
		return fmt.Errorf("--web: %w; none is nowhere", err)
	}
	o.web = addr
	if o.webUDP != "" && o.webUDP != "none" {
		if o.webUDP, err = statusAddr(o.webUDP); err != nil {
			return fmt.Errorf("--web-udp: %w; none is nowhere", err)
		}
	}
	return nil
}

// webServer is where browsers walk in; nil if they cannot.
type webServer struct {
	agents netcode.Transport // over ENet
	join   *netweb.Transport
	server *web.Server
	log    *slog.Logger
}

// listenWeb binds where browsers walk in, and adds to the place's options what it must know of that.
func (o *serveOptions) listenWeb(options *scripts.Options, log *slog.Logger) (_ *webServer, err error) {
	if o.web == "none" {
		return nil, nil
	}
	agents, err := enet.New(enet.Config{Listen: o.listen, Limits: options.Network, Logger: log})
	if err != nil {
		return nil, listenError(err)
	}
	w := &webServer{agents: agents, log: log}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	w.server, err = web.Listen(web.ServerOptions{Addr: o.web, NextFree: o.webDefault, Logger: log})
	if err != nil {
		return nil, fmt.Errorf("%w; --web takes another address, with port 0 for any free one, or none", err)
	}
	if w.join, err = o.newJoin(w.server, options, log); err != nil {
		return nil, err
	}
	options.Place.Transports = []netcode.Transport{agents, w.join}
	options.Place.KnownAs = append(options.Place.KnownAs, webOrigins(w.server.Addr())...)
	return w, nil
}

// newJoin makes the transport of browsers, with UDP on the port of the web server if that is free and
// nothing else was asked for.
func (o *serveOptions) newJoin(server *web.Server, options *scripts.Options, log *slog.Logger) (*netweb.Transport, error) {
	cfg := netweb.Config{
		UDP: o.webUDP, TCP: server.ICE(), AllowOrigins: o.origins, Logger: log,
		Limits: netweb.Limits{
			OpenPerAddress: o.perAddress, MaxWaitingTotal: o.memory / 16, MaxOutgoing: options.Network.MaxOutgoing,
			MaxOutgoingTotal: options.Network.MaxOutgoingTotal,
		},
	}
	if addr, err := netip.ParseAddr(o.publicHost); err == nil {
		cfg.PublicAddrs = []netip.Addr{addr}
	}
	switch o.webUDP {
	case "none":
		cfg.UDP = ""
	case "":
		cfg.UDP = server.Addr().String()
	}
	join, err := netweb.New(cfg)
	if errors.Is(err, syscall.EADDRINUSE) && o.webUDP == "" {
		host, _, _ := net.SplitHostPort(cfg.UDP)
		cfg.UDP = net.JoinHostPort(host, "0")
		join, err = netweb.New(cfg)
	}
	if errors.Is(err, syscall.EADDRINUSE) {
		err = fmt.Errorf("%w; --web-udp takes another address, with port 0 for any free one, or none", err)
	}
	return join, err
}

// webOrigins are those of the pages that are served on an address, as far as they are known.
func webOrigins(at net.Addr) []string {
	addr, err := netip.ParseAddrPort(at.String())
	if err != nil {
		return nil
	}
	port := strconv.Itoa(int(addr.Port()))
	origins := []string{"http://" + net.JoinHostPort(addr.Addr().Unmap().String(), port)}
	if addr.Addr().IsUnspecified() {
		origins = []string{"http://" + net.JoinHostPort("127.0.0.1", port)}
	}
	if addr.Addr().IsLoopback() || addr.Addr().IsUnspecified() {
		origins = append(origins, "http://"+net.JoinHostPort("localhost", port))
	}
	return origins
}

// start lets browsers in.
func (w *webServer) start(place *scripts.Place) error {
	if w == nil {
		return nil
	}
	handler, err := web.New(web.Options{
		Join: w.join, Operator: operatorPages(place.Place, place.Scripts, w.server.Addr()), Logger: w.log,
	})
	if err != nil {
		return err
	}
	w.server.Start(onlyTo(w.server.Addr(), handler))
	w.log.Info("walk in at "+walkURL(w.server.Addr()), "udp", w.join.UDPAddr())
	return nil
}

// walkURL is a URL under which a browser on this machine walks in.
func walkURL(at net.Addr) string {
	addr, err := netip.ParseAddrPort(at.String())
	if err == nil && (addr.Addr().IsLoopback() || addr.Addr().IsUnspecified()) {
		return "http://" + net.JoinHostPort("localhost", strconv.Itoa(int(addr.Port()))) + "/"
	}
	return openURL(at) + "/"
}

// close ends it.
func (w *webServer) close() {
	if w == nil {
		return
	}
	_ = w.agents.Close(netcode.CodePlaceClosed) // the place has, where there is one
	if w.join != nil {
		_ = w.join.Close(netcode.CodePlaceClosed)
	}
	if w.server == nil {
		return
	}
	if err := w.server.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		w.log.Error("closing the web server", "error", err)
	}
}
