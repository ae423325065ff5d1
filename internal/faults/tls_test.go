package faults

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	neturl "net/url"
	"strings"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
)

// handshake is a server that a dial is to fail on.
type handshake struct {
	start func(t *testing.T) (url string, client *http.Client)
	check func(error) bool
}

// isA reports whether an error of type E is wrapped.
func isA[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}

// says reports whether the error has the text.
func says(text string) func(error) bool {
	return func(err error) bool { return strings.Contains(err.Error(), text) }
}

// anything accepts every error.
func anything(error) bool { return true }

var handshakes = map[string]handshake{
	"issuer unknown": {certified(nil, false), isA[x509.UnknownAuthorityError]},
	"certificate expired": {
		certified(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Hour) }, true),
		func(err error) bool {
			var invalid x509.CertificateInvalidError
			return errors.As(err, &invalid) && invalid.Reason == x509.Expired
		},
	},
	"certificate of another host": {
		certified(func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"janus.example"} }, true),
		isA[x509.HostnameError],
	},
	"wss behind a proxy that closes at once": {tcp("wss", func(net.Conn) {}), anything},
	"ws behind a proxy that closes at once":  {tcp("ws", func(net.Conn) {}), anything},
	"wss to a server without TLS": {
		func(t *testing.T) (string, *http.Client) {
			return "wss" + strings.TrimPrefix(newStub(t, nil).URL, "ws"), nil
		}, anything,
	},
	"ws to a server with TLS": {
		func(t *testing.T) (string, *http.Client) {
			return "ws" + strings.TrimPrefix(newServerFor(t, true).URL, "wss"), nil
		}, anything,
	},
	"answer 200":                     {answer(http.StatusOK, nil), says("200 OK")},
	"answer 301":                     {answer(http.StatusMovedPermanently, http.Header{"Location": {"http://127.0.0.1:1/"}}), says("301 Moved")},
	"answer 401":                     {answer(http.StatusUnauthorized, nil), says("401")},
	"answer 503":                     {answer(http.StatusServiceUnavailable, nil), says("503")},
	"answer 101 without a websocket": {answer(http.StatusSwitchingProtocols, nil), anything},
	"no HTTP":                        {tcp("ws", func(c net.Conn) { _, _ = io.WriteString(c, "220 smtp\r\n") }), anything},
	"half an answer": {
		tcp("ws", func(c net.Conn) {
			_, _ = http.ReadRequest(bufio.NewReader(c))
			_, _ = io.WriteString(c, "HTTP/1.1 101 Switching")
		}), anything,
	},
	"nobody there": {
		func(t *testing.T) (string, *http.Client) {
			server := httptest.NewServer(nil)
			server.Close()
			return "ws" + strings.TrimPrefix(server.URL, "http"), nil
		}, says("refused"),
	},
	"silence until the context ends": {
		tcp("ws", func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }),
		func(err error) bool { return errors.Is(err, context.DeadlineExceeded) },
	},
	"not a URL":      {literal("ws://127.0.0.1:not-a-port"), anything},
	"another scheme": {literal("ftp://127.0.0.1/"), anything},
	"no host":        {literal("ws:///"), anything},
	"empty":          {literal(""), anything},
}

// A dial that cannot succeed gives a clear error, nil for the rest, and leaves
// no goroutine. Certificates are verified unless the caller says otherwise.
func TestHandshakesFail(t *testing.T) {
	for name, h := range handshakes {
		t.Run(name, func(t *testing.T) {
			noLeaks(t)
			url, client := h.start(t)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			if strings.HasPrefix(name, "silence") {
				cancel()
				ctx, cancel = context.WithTimeout(t.Context(), 100*time.Millisecond)
			}
			defer cancel()
			gateway, group, err := janus.Dial(ctx, url, &janus.DialOptions{HTTPClient: client})
			if err == nil || gateway != nil || group != nil {
				t.Fatalf("got %v, %v, %v", gateway, group, err)
			}
			t.Log(err)
			if !h.check(err) {
				t.Errorf("another error than expected: %v", err)
			}
			name := strings.TrimRight(url, "/")
			if u, err := neturl.Parse(url); err != nil || u.Host == "" || !strings.HasPrefix(u.Scheme, "ws") {
				name = "the given URL" // malformed: any part of it may be a password
			}
			if !strings.Contains(err.Error(), name) {
				t.Errorf("the error does not name the URL %s: %v", url, err)
			}
			assertNoConnections(t)
		})
	}
}

// assertNoConnections waits until no HTTP connection is held, which a server
// that is still there would not end.
func assertNoConnections(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(patience); strings.Contains(stacks(), "net/http.(*persistConn)"); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("a connection is kept:\n%s", stacks())
		}
	}
}

// The same certificates serve when they are in order.
func TestCertificatesThatServe(t *testing.T) {
	noLeaks(t)
	server := newServerFor(t, true)
	c := connect(t, server.URL, &janus.DialOptions{HTTPClient: server.Client()})
	c.mustLive(t)
}

// certified starts a TLS server whose certificate is as change makes it, and a
// client that trusts its issuer or not.
func certified(change func(*x509.Certificate), trusted bool) func(*testing.T) (string, *http.Client) {
	return func(t *testing.T) (string, *http.Client) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		template := &x509.Certificate{
			SerialNumber: big.NewInt(1),
			Subject:      pkix.Name{CommonName: "faults"},
			NotBefore:    time.Now().Add(-2 * time.Hour),
			NotAfter:     time.Now().Add(time.Hour),
			ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
			IsCA:         true, BasicConstraintsValid: true,
			IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		}
		if change != nil {
			change(template)
		}
		der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewUnstartedServer(nil)
		server.Config.ErrorLog = log.New(io.Discard, "", 0) // the failures are wanted
		server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
		server.StartTLS()
		t.Cleanup(server.Close)
		url := "wss" + strings.TrimPrefix(server.URL, "https")
		if !trusted {
			return url, nil
		}
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		pool := x509.NewCertPool()
		pool.AddCert(cert)
		return url, &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	}
}

// answer starts a server that answers every request with a status.
func answer(status int, header http.Header) func(*testing.T) (string, *http.Client) {
	return func(t *testing.T) (string, *http.Client) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for name, values := range header {
				w.Header()[name] = values
			}
			w.WriteHeader(status)
		}))
		t.Cleanup(server.Close)
		return "ws" + strings.TrimPrefix(server.URL, "http"), nil
	}
}

// tcp starts a server that treats each connection with f and closes it.
func tcp(scheme string, f func(net.Conn)) func(*testing.T) (string, *http.Client) {
	return func(t *testing.T) (string, *http.Client) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			for {
				conn, err := listener.Accept()
				if err != nil {
					return // by the end of the test
				}
				f(conn)
				_ = conn.Close() // in whatever state it is
			}
		}()
		t.Cleanup(func() {
			_ = listener.Close() // it was open
			await(t, "the server", done)
		})
		return scheme + "://" + listener.Addr().String(), nil
	}
}

// literal is a URL without a server.
func literal(url string) func(*testing.T) (string, *http.Client) {
	return func(*testing.T) (string, *http.Client) { return url, nil }
}
