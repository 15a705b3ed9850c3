package web

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"
)

// Certificates say how a [Server] proves its name. The zero value is HTTP without encryption.
type Certificates struct {
	// CertFile and KeyFile are a certificate with its chain, and its key, in PEM. They are read again
	// when they have changed.
	CertFile, KeyFile string
	// Hosts are names for which certificates are got and renewed by ACME: they must lead here, and
	// port 443 to the server. To set them is to agree to the authority's terms.
	Hosts []string
	// Dir is where those certificates are kept.
	Dir string
	// CA is the ACME directory; "" means Let's Encrypt.
	CA string
}

// config returns how TLS is spoken, nil for not at all. It works until ctx ends.
func (c *Certificates) config(ctx context.Context, log *slog.Logger) (*tls.Config, error) {
	switch {
	case (c.CertFile == "") != (c.KeyFile == ""):
		return nil, errors.New("a certificate and its key belong together: one of them is missing")
	case c.CertFile != "" && len(c.Hosts) > 0:
		return nil, errors.New("a certificate is there, and others are to be got by ACME: want one of both")
	case c.CertFile != "":
		files := &certificateFiles{cert: c.CertFile, key: c.KeyFile, log: log}
		if err := files.load(); err != nil {
			return nil, err
		}
		return &tls.Config{GetCertificate: files.get, NextProtos: protocols, MinVersion: tls.VersionTLS12}, nil
	case len(c.Hosts) > 0:
		return c.acme(ctx, log)
	}
	return nil, nil
}

var protocols = []string{"h2", "http/1.1"}

// acme has certificates be got, without waiting for them.
func (c *Certificates) acme(ctx context.Context, log *slog.Logger) (*tls.Config, error) {
	if c.Dir == "" {
		return nil, errors.New("Certificates.Dir is empty, want a directory where certificates are kept")
	}
	var magic *certmagic.Config
	cache := certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return magic, nil }, Logger: zap.NewNop(),
	})
	context.AfterFunc(ctx, cache.Stop)
	magic = certmagic.New(cache, certmagic.Config{
		Storage: &certmagic.FileStorage{Path: c.Dir}, Logger: zap.NewNop(),
		OnEvent: func(_ context.Context, event string, data map[string]any) error {
			switch event {
			case "cert_obtained":
				log.Info("a certificate has been got", "name", data["identifier"])
			case "cert_failed":
				log.Error("a certificate is not to be had; it is tried again", "name", data["identifier"], "error", data["error"])
			}
			return nil
		},
	})
	magic.Issuers = []certmagic.Issuer{certmagic.NewACMEIssuer(magic, certmagic.ACMEIssuer{
		CA: c.CA, Agreed: true, DisableHTTPChallenge: true, Logger: zap.NewNop(),
	})}
	if err := magic.ManageAsync(ctx, c.Hosts); err != nil {
		return nil, err
	}
	config := magic.TLSConfig()
	config.NextProtos = append(append([]string{}, protocols...), config.NextProtos...)
	return config, nil
}

// certificateFiles is a certificate in files, which are replaced when it is renewed.
type certificateFiles struct {
	cert, key string
	log       *slog.Logger

	mu     sync.Mutex // held while what follows is used
	loaded *tls.Certificate
	of     [2]time.Time // when the files were written
	looked time.Time
}

// lookAgain is how often it is looked whether the files have changed.
const lookAgain = 10 * time.Second

func (c *certificateFiles) load() error {
	var of [2]time.Time
	for i, name := range []string{c.cert, c.key} {
		info, err := os.Stat(name)
		if err != nil {
			return err
		}
		of[i] = info.ModTime()
	}
	c.looked = time.Now()
	if c.loaded != nil && of == c.of {
		return nil
	}
	loaded, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return fmt.Errorf("%s, %s: %w", c.cert, c.key, err)
	}
	c.loaded, c.of = &loaded, of
	return nil
}

// get returns the certificate as it is now; one that cannot be read does not take the place of that before.
func (c *certificateFiles) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.looked) > lookAgain {
		if err := c.load(); err != nil {
			c.looked = time.Now()
			c.log.Error("a certificate cannot be renewed from its files", "error", err)
		}
	}
	return c.loaded, nil
}
