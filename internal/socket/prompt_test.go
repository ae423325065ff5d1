package socket

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"strings"
	"testing"
	"time"
)

// hanging is a connection whose Close does not return.
type hanging struct {
	net.Conn
	hang func()
}

func (h hanging) Close() error {
	h.hang()
	return h.Conn.Close()
}

// jar calls hang when it is asked for cookies.
type jar struct{ hang func() }

func (j jar) SetCookies(*url.URL, []*http.Cookie) {}
func (j jar) Cookies(*url.URL) []*http.Cookie     { j.hang(); return nil }

// Dial returns when its context ends, whichever function of the application's hangs.
func TestDialReturnsWhateverHangs(t *testing.T) {
	tests := map[string]func(ctx context.Context, c *http.Client, t *http.Transport, hang func()) context.Context{
		"Proxy": func(ctx context.Context, _ *http.Client, t *http.Transport, hang func()) context.Context {
			t.Proxy = func(*http.Request) (*url.URL, error) { hang(); return nil, nil }
			return ctx
		},
		"Jar": func(ctx context.Context, c *http.Client, _ *http.Transport, hang func()) context.Context {
			c.Jar = jar{hang}
			return ctx
		},
		"CheckRedirect": func(ctx context.Context, c *http.Client, _ *http.Transport, hang func()) context.Context {
			c.CheckRedirect = func(*http.Request, []*http.Request) error { hang(); return nil }
			return ctx
		},
		"ClientTrace": func(ctx context.Context, _ *http.Client, _ *http.Transport, hang func()) context.Context {
			return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GetConn: func(string) { hang() }})
		},
		"connection of DialContext": func(ctx context.Context, _ *http.Client, t *http.Transport, hang func()) context.Context {
			t.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
				conn, err := new(net.Dialer).DialContext(ctx, network, addr)
				return hanging{conn, hang}, err
			}
			return ctx
		},
		"connection of Dial": func(ctx context.Context, _ *http.Client, t *http.Transport, hang func()) context.Context {
			//lint:ignore SA1019 a caller may still set it
			t.Dial = func(network, addr string) (net.Conn, error) {
				conn, err := net.Dial(network, addr)
				return hanging{conn, hang}, err
			}
			return ctx
		},
		"TLS connection of DialTLSContext": func(ctx context.Context, _ *http.Client, t *http.Transport, hang func()) context.Context {
			t.DialTLSContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
				conn, err := new(net.Dialer).DialContext(ctx, network, addr)
				return hanging{conn, hang}, err
			}
			return ctx
		},
		"TLS connection of DialTLS": func(ctx context.Context, _ *http.Client, t *http.Transport, hang func()) context.Context {
			//lint:ignore SA1019 a caller may still set it
			t.DialTLS = func(network, addr string) (net.Conn, error) {
				conn, err := net.Dial(network, addr)
				return hanging{conn, hang}, err
			}
			return ctx
		},
	}
	for name, prepare := range tests {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if name == "CheckRedirect" {
					http.Redirect(w, r, "/elsewhere", http.StatusFound)
					return
				}
				cancel()
				<-r.Context().Done() // the transport closes the connection
			}))
			defer srv.Close()
			release := make(chan struct{})
			defer close(release)
			transport := &http.Transport{}
			client := &http.Client{Transport: transport}
			dialing := prepare(ctx, client, transport, func() {
				cancel()
				<-release
			})
			scheme := "ws"
			if strings.HasPrefix(name, "TLS") {
				scheme = "wss" // the server does not notice that there is none
			}
			returned := make(chan error, 1)
			go func() {
				_, err := Dial(dialing, scheme+strings.TrimPrefix(srv.URL, "http"), Options{HTTPClient: client})
				returned <- err
			}()
			select {
			case err := <-returned:
				if !errors.Is(err, context.Canceled) {
					t.Errorf("got %v", err)
				}
			case <-time.After(patience):
				t.Error("Dial does not return")
			}
		})
	}
}

// A dial without functions of the application's has no goroutine of its own.
func TestPlainDialsArePrompt(t *testing.T) {
	for name, client := range map[string]*http.Client{
		"default":     http.DefaultClient,
		"timeout":     {Timeout: time.Second},
		"transport":   {Transport: &http.Transport{}},
		"net.Dialer":  {Transport: &http.Transport{DialContext: (&net.Dialer{Timeout: time.Second}).DialContext}},
		"environment": {Transport: &http.Transport{Proxy: http.ProxyFromEnvironment}},
	} {
		if !prompt(t.Context(), client) {
			t.Errorf("%s: the dial has a goroutine", name)
		}
	}
	if prompt(t.Context(), &http.Client{Transport: roundTripper(nil)}) {
		t.Error("an unknown transport is taken to be prompt")
	}
}
