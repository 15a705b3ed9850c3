package web

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/loci-place/loci/internal/await"
)

// listenOn starts a server that says hello.
func listenOn(t *testing.T, o ServerOptions) *Server {
	t.Helper()
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	o.Logger = slog.New(slog.DiscardHandler)
	s, err := Listen(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello ", r.Proto) }))
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestSlowRequestsAreCutOff(t *testing.T) {
	s := listenOn(t, ServerOptions{})
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	began := time.Now()
	var slow sync.WaitGroup
	for i := range 200 {
		slow.Go(func() {
			c, err := net.Dial("tcp", s.Addr().String())
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			if i%2 == 0 { // the others do not even begin
				_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: place\r\nX-")
			}
			_ = c.SetReadDeadline(time.Now().Add(await.Rest(t)))
			if _, err := io.ReadAll(c); err != nil && !strings.Contains(err.Error(), "reset") {
				t.Errorf("a slow request: %v", err)
			}
		})
	}
	ended := make(chan struct{})
	go func() {
		slow.Wait()
		close(ended)
	}()
	answered := 0
	for over := false; !over; {
		select {
		case <-ended:
			over = true
		default:
			r, err := client.Get("http://" + s.Addr().String() + "/")
			if err != nil {
				t.Fatal(err)
			}
			r.Body.Close()
			answered++
		}
	}
	if took := time.Since(began); took < headerTimeout {
		t.Errorf("they are cut off after %v", took)
	}
	if answered < 20 {
		t.Errorf("others were answered %d times meanwhile", answered)
	}
}

func TestICEAndHTTPShareAPort(t *testing.T) {
	s := listenOn(t, ServerOptions{})
	const packet = "\x00\x14\x00\x01\x00\x00\x21\x12\xa4\x42twelve bytes"
	c, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, packet); err != nil {
		t.Fatal(err)
	}
	got, err := s.ICE().Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer got.Close()
	data := make([]byte, len(packet))
	if _, err := io.ReadFull(got, data); err != nil || string(data) != packet {
		t.Errorf("%q, %v", data, err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get("http://" + s.Addr().String() + "/")
	if err != nil {
		t.Fatal(err)
	}
	if answer.Body.Close(); answer.StatusCode != http.StatusOK {
		t.Error(answer.Status)
	}
	if err := s.ICE().Close(); err != nil {
		t.Error(err)
	}
	if _, err := s.ICE().Accept(); err == nil {
		t.Error("ICE is accepted after its listener has been closed")
	}
}

// certify writes a certificate for localhost.
func certify(t *testing.T, cert, key string, serial int64) *x509.Certificate {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), DNSNames: []string{"localhost"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestCertificatesComeFromFiles(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	made := certify(t, cert, key, 1)
	s := listenOn(t, ServerOptions{Certificates: Certificates{CertFile: cert, KeyFile: key}})
	roots := x509.NewCertPool()
	roots.AddCert(made)
	for proto, transport := range map[string]*http.Transport{
		"HTTP/1.1": {TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "localhost"}, DisableKeepAlives: true},
		"HTTP/2.0": {TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "localhost"}, ForceAttemptHTTP2: true},
	} {
		answer, err := (&http.Client{Transport: transport}).Get("https://" + s.Addr().String() + "/")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		transport.CloseIdleConnections()
		if err != nil || string(body) != "hello "+proto {
			t.Errorf("%q, %v; want it over %s", body, err, proto)
		}
	}
	files := &certificateFiles{cert: cert, key: key, log: slog.New(slog.DiscardHandler)}
	if err := files.load(); err != nil {
		t.Fatal(err)
	}
	serial := func() string {
		t.Helper()
		files.looked = time.Time{}
		c, err := files.get(nil)
		if err != nil {
			t.Fatal(err)
		}
		return c.Leaf.SerialNumber.String()
	}
	certify(t, cert, key, 2)
	later := time.Now().Add(time.Minute)
	if err := os.Chtimes(cert, later, later); err != nil {
		t.Fatal(err)
	}
	if got := serial(); got != "2" {
		t.Errorf("the certificate is %s after it was renewed", got)
	}
	if err := os.WriteFile(cert, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := serial(); got != "2" {
		t.Errorf("the certificate is %s where its file is damaged", got)
	}
}

func TestCertificatesThatMakeNoSense(t *testing.T) {
	for name, c := range map[string]struct {
		of   Certificates
		says string
	}{
		"no key":        {Certificates{CertFile: "a"}, "belong together"},
		"both kinds":    {Certificates{CertFile: "a", KeyFile: "b", Hosts: []string{"c"}}, "one of both"},
		"no file":       {Certificates{CertFile: "/no/such", KeyFile: "/no/such"}, "no such file"},
		"nowhere to be": {Certificates{Hosts: []string{"example.org"}}, "Dir is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			if s, err := Listen(ServerOptions{Addr: "127.0.0.1:0", Certificates: c.of}); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, %v; want %q", s, err, c.says)
			}
		})
	}
}
