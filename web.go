package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
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
	for _, text := range o.origins {
		if name, err := netcode.DialedName(text); text != "*" && (err != nil || !strings.HasPrefix(name, "http")) {
			return fmt.Errorf("--allow-origin is %q, want an origin such as https://example.org, or *", text)
		}
	}
	if err := o.completeHTTPS(); err != nil {
		return err
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

// completeHTTPS is completeWeb for certificates and proxies.
func (o *serveOptions) completeHTTPS() error {
	for _, text := range o.trusted {
		prefix, err := netip.ParsePrefix(text)
		if addr, wrong := netip.ParseAddr(text); wrong == nil {
			prefix, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		if err != nil {
			return fmt.Errorf("--trusted-proxy is %q, want an address such as 127.0.0.1, or a network such as 10.0.0.0/8", text)
		}
		o.proxies = append(o.proxies, prefix)
	}
	if (o.tlsCert == "") != (o.tlsKey == "") {
		return errors.New("--tls-cert and --tls-key belong together, and one of them is missing")
	}
	if len(o.httpsHosts) == 0 {
		return nil
	}
	switch {
	case o.tlsCert != "":
		return errors.New("--https-host gets a certificate, and --tls-cert has one: want one of both")
	case o.data == "":
		return errors.New("--https-host keeps its certificates in --data, which is missing")
	case o.webDefault:
		o.web, o.webDefault = httpsAddr, false
	}
	for _, name := range o.httpsHosts {
		if _, err := netcode.DialedName("https://" + name); err != nil || strings.ContainsAny(name, ":/") {
			return fmt.Errorf("--https-host is %q, want the name of a host", name)
		}
	}
	return nil
}

// httpsAddr is where browsers walk in by HTTPS unless told otherwise.
const httpsAddr = "0.0.0.0:443"

// webServer is where browsers walk in; nil if they cannot.
type webServer struct {
	agents  netcode.Transport // over ENet
	join    *netweb.Transport
	server  *web.Server
	scheme  string
	proxied bool // requests may come through a proxy, and under any name
	log     *slog.Logger
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
	w.server, err = web.Listen(web.ServerOptions{
		Addr: o.web, NextFree: o.webDefault, Logger: log, TrustedProxies: o.proxies, Certificates: web.Certificates{
			CertFile: o.tlsCert, KeyFile: o.tlsKey, Hosts: o.httpsHosts, Dir: filepath.Join(o.data, "certificates"),
		},
	})
	if !errors.Is(err, syscall.EADDRINUSE) && err != nil {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("%w; --web takes another address, with port 0 for any free one, or none", err)
	}
	if w.join, err = o.newJoin(w.server, options, log); err != nil {
		return nil, err
	}
	options.Place.Transports = []netcode.Transport{agents, w.join}
	w.scheme = "http"
	if o.tlsCert != "" || len(o.httpsHosts) > 0 {
		w.scheme = "https"
	}
	w.proxied = len(o.proxies) > 0
	options.Place.KnownAs = append(options.Place.KnownAs, o.webOrigins(w.scheme, w.server.Addr())...)
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
func (o *serveOptions) webOrigins(scheme string, at net.Addr) (origins []string) {
	addr, err := netip.ParseAddrPort(at.String())
	if err != nil {
		return nil
	}
	own := addr.Addr().Unmap()
	hosts := append([]string{own.String()}, o.httpsHosts...)
	switch {
	case own.IsUnspecified():
		hosts[0] = "localhost"
	case own.IsLoopback():
		hosts = append(hosts, "localhost")
	}
	for _, host := range hosts {
		origins = append(origins, origin(scheme, host, addr.Port()))
	}
	return origins
}

// origin is a page's as browsers write it.
func origin(scheme, host string, port uint16) string {
	if scheme == "http" && port == 80 || scheme == "https" && port == 443 {
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		return scheme + "://" + host
	}
	return scheme + "://" + net.JoinHostPort(host, strconv.Itoa(int(port)))
}

// start lets browsers in.
func (w *webServer) start(place *scripts.Place) error {
	if w == nil {
		return nil
	}
	handler, err := web.New(web.Options{
		Place: place.Place, Join: w.join, Operator: operatorPages(place.Place, place.Scripts, w.server.Addr()), Logger: w.log,
	})
	if err != nil {
		return err
	}
	served := http.Handler(handler)
	if !w.proxied {
		served = onlyTo(w.server.Addr(), handler)
	}
	w.server.Start(served)
	w.log.Info("walk in at "+w.url(), "udp", w.join.UDPAddr())
	return nil
}

// url is one under which a browser on this machine walks in.
func (w *webServer) url() string {
	addr, err := netip.ParseAddrPort(w.server.Addr().String())
	host := addr.Addr().Unmap().String()
	if err != nil || addr.Addr().IsLoopback() || addr.Addr().IsUnspecified() {
		host = "localhost"
	}
	return origin(w.scheme, host, addr.Port()) + "/"
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
