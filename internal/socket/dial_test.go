package socket

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"nhooyr.io/websocket"
)

// wsURL is the websocket URL of a server.
func wsURL(srv *httptest.Server) string { return "ws" + strings.TrimPrefix(srv.URL, "http") }

// Dial returns when its context ends, with its error, whatever holds it up.
func TestDialReturnsWithItsContext(t *testing.T) {
	cause := errors.New("no longer wanted")
	ends := map[string]struct {
		start func() (context.Context, context.CancelFunc)
		is    []error
	}{
		"deadline": {func() (context.Context, context.CancelFunc) {
			return context.WithTimeout(context.Background(), 100*time.Millisecond)
		}, []error{context.DeadlineExceeded}},
		"deadline with a cause": {func() (context.Context, context.CancelFunc) {
			return context.WithTimeoutCause(context.Background(), 100*time.Millisecond, cause)
		}, []error{context.DeadlineExceeded, cause}},
		"cancel": {func() (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(context.Background())
			return ctx, sync.OnceFunc(func() { time.AfterFunc(100*time.Millisecond, cancel) })
		}, []error{context.Canceled}},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				deaf := &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
					<-release // not the context
					return nil, errors.New("late")
				})}
				ctx, cancel := end.start()
				if name == "cancel" {
					cancel()
				} else {
					defer cancel()
				}
				began := time.Now()
				_, err := Dial(ctx, "ws://peer", Options{HTTPClient: deaf})
				if took := time.Since(began); took != 100*time.Millisecond {
					t.Errorf("returned after %v", took)
				}
				for _, want := range end.is {
					if !errors.Is(err, want) {
						t.Errorf("%v does not match %v", err, want)
					}
				}
				close(release)
			})
		})
	}
}

// The Timeout of the HTTP client bounds the dial too, and not the connection.
func TestHTTPClientTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		client := &http.Client{Timeout: time.Second, Transport: roundTripper(func(*http.Request) (*http.Response, error) {
			<-release
			return nil, errors.New("late")
		})}
		_, err := Dial(context.Background(), "ws://peer", Options{HTTPClient: client})
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "timeout of 1s") {
			t.Errorf("got %v", err)
		}
		close(release)

		near, far := net.Pipe()
		client = on(near)
		client.Timeout = time.Second
		s, err := Dial(context.Background(), "ws://peer", Options{HTTPClient: client, MaxMessageSize: -1})
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			time.Sleep(time.Hour)
			_, _ = far.Write(frame(true, opText, "late"))
		}()
		if p, err := s.Read(context.Background()); string(p) != "late" {
			t.Errorf("got %q, %v", p, err)
		}
		s.CloseNow()
	})
}

// A context that has ended already keeps the transport from being asked.
func TestDialWithEndedContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	client := &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
		t.Error("the transport was asked")
		return nil, errors.New("no")
	})}
	if _, err := Dial(ctx, "ws://peer", Options{HTTPClient: client}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// A websocket that a transport brings too late is closed.
func TestLateConnectionIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		late := on(near)
		prompt := late.Transport
		late.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
			time.Sleep(time.Minute)
			return prompt.RoundTrip(r)
		})
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if _, err := Dial(ctx, "ws://peer", Options{HTTPClient: late}); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v", err)
		}
		if _, err := far.Read(make([]byte, 1)); err != io.EOF { // a leak would be a deadlock here
			t.Errorf("got %v", err)
		}
	})
}

// A transport that returns nothing causes an error.
func TestTransportWithoutAnAnswer(t *testing.T) {
	client := &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) { return nil, nil })}
	if _, err := Dial(context.Background(), "ws://peer", Options{HTTPClient: client}); err == nil {
		t.Error("no error")
	}
}

// A transport that panics or ends its goroutine does so for the caller of Dial.
func TestPanicOfTheTransport(t *testing.T) {
	client := &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) { panic("boom") })}
	func() {
		defer func() {
			if p := fmt.Sprint(recover()); !strings.Contains(p, "boom") || !strings.Contains(p, "TestPanicOfTheTransport") {
				t.Errorf("recovered %.100s", p)
			}
		}()
		_, _ = Dial(context.Background(), "ws://peer", Options{HTTPClient: client})
	}()
	client.Transport = roundTripper(func(*http.Request) (*http.Response, error) { runtime.Goexit(); return nil, nil })
	if _, err := Dial(context.Background(), "ws://peer", Options{HTTPClient: client}); err == nil {
		t.Error("no error after Goexit")
	}
}

// A dial that panics gives its place back.
func TestPanicFreesTheSlot(t *testing.T) {
	for name, transport := range map[string]http.RoundTripper{
		"nil":  (*http.Transport)(nil),
		"boom": roundTripper(func(*http.Request) (*http.Response, error) { panic("boom") }),
	} {
		slots := make(chan struct{}, 1)
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			_, _ = Dial(t.Context(), "ws://peer", Options{HTTPClient: &http.Client{Transport: transport}, Slots: slots})
		}()
		select {
		case slots <- struct{}{}:
		case <-time.After(patience):
			t.Errorf("%s: the place is still taken", name)
		}
	}
}

// refusal is a server that answers every request with text and holds the
// connection open.
func refusal(t *testing.T, text string) (url string, closed <-chan struct{}) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	gone := make(chan struct{})
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		r := bufio.NewReader(conn)
		_, _ = http.ReadRequest(r)
		_, _ = io.WriteString(conn, strings.ReplaceAll(text, "\n", "\r\n"))
		_, _ = io.Copy(io.Discard, r)
		_ = conn.Close()
		close(gone)
	}()
	return "ws://" + l.Addr().String(), gone
}

// An answer that is refused is not waited for, and its connection is closed.
func TestRefusedAnswersAreNotAwaited(t *testing.T) {
	answers := map[string]string{
		"wrong accept":   "HTTP/1.1 101 Switching Protocols\nConnection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Accept: x\n\n",
		"no upgrade":     "HTTP/1.1 101 Switching Protocols\n\n",
		"endless body":   "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n1\nx\n",
		"missing body":   "HTTP/1.1 500 Oops\nContent-Length: 1000\n\n",
		"no body":        "HTTP/1.1 404 Not Found\nContent-Length: 0\n\n",
		"redirect":       "HTTP/1.1 302 Found\nLocation: /x\nContent-Length: 1000\n\n",
		"bad redirect":   "HTTP/1.1 302 Found\nLocation: http://%zz\nContent-Length: 0\n\n",
		"another switch": "HTTP/1.1 101 Switching Protocols\nConnection: Upgrade\nUpgrade: smtp\n\n",
	}
	for name, text := range answers {
		t.Run(name, func(t *testing.T) {
			url, closed := refusal(t, text)
			began := time.Now()
			s, err := Dial(context.Background(), url, Options{HTTPClient: &http.Client{Transport: &http.Transport{}}})
			if err == nil {
				s.CloseNow()
				t.Fatal("no error")
			}
			t.Log(err, time.Since(began))
			if took := time.Since(began); took > 2*time.Second { // the library would wait for 3 s
				t.Errorf("took %v", took)
			}
			select {
			case <-closed:
			case <-time.After(patience):
				t.Error("the connection is kept")
			}
		})
	}
}

// A connection whose TLS handshake is under way when the context ends is
// closed, and a dial function that is under way is told.
func TestUnfinishedDialsEnd(t *testing.T) {
	target, closed := refusal(t, "")
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{}}
	if _, err := Dial(ctx, "wss"+strings.TrimPrefix(target, "ws"), Options{HTTPClient: client}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	select {
	case <-closed:
	case <-time.After(patience):
		t.Error("the connection is kept")
	}
	told := make(chan struct{})
	client.Transport = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		defer close(told)
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	ctx, cancel = context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, err := Dial(ctx, target, Options{HTTPClient: client}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	select {
	case <-told:
	case <-time.After(patience):
		t.Error("the dial function goes on")
	}
}

// redirecting is a server that redirects to the websocket a number of times.
// It counts its open connections.
func redirecting(t *testing.T, times int, body string) (srv *httptest.Server, open func() int) {
	conns := make(map[net.Conn]bool)
	var mu sync.Mutex
	mux := http.NewServeMux()
	mux.HandleFunc("/{n}", func(w http.ResponseWriter, r *http.Request) {
		var n int
		_, _ = fmt.Sscan(r.PathValue("n"), &n)
		if n < times {
			w.Header().Set("Location", fmt.Sprintf("/%d", n+1))
			w.WriteHeader(http.StatusFound)
			_, _ = io.WriteString(w, body)
			return
		}
		if conn, err := websocket.Accept(w, r, nil); err == nil {
			echo(conn)
		}
	})
	srv = httptest.NewUnstartedServer(mux)
	srv.Config.ConnState = func(c net.Conn, state http.ConnState) {
		mu.Lock()
		defer mu.Unlock()
		switch state {
		case http.StateNew:
			conns[c] = true
		case http.StateClosed, http.StateHijacked:
			delete(conns, c)
		}
	}
	srv.Start()
	t.Cleanup(srv.Close)
	return srv, func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(conns)
	}
}

// Connections of redirects do not stay, whether the handshake succeeds or not.
// The caller's own transport keeps its idle connections.
func TestRedirectsLeaveNoConnections(t *testing.T) {
	for _, body := range []string{"", "moved", strings.Repeat("x", 1<<20)} {
		for _, good := range []bool{true, false} {
			srv, open := redirecting(t, 5, body)
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			own, err := (&http.Client{Transport: transport}).Get(srv.URL + "/none/here") // becomes idle
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, own.Body)
			_ = own.Body.Close()
			client := &http.Client{Transport: transport, CheckRedirect: func(_ *http.Request, via []*http.Request) error {
				if !good && len(via) == 3 {
					return errors.New("far enough")
				}
				return nil
			}}
			s, err := Dial(testContext(t), wsURL(srv)+"/0", Options{HTTPClient: client, MaxMessageSize: -1})
			if good != (err == nil) {
				t.Fatal(err)
			}
			if !good && !strings.Contains(err.Error(), "far enough") {
				t.Errorf("got %v", err)
			}
			for end := time.Now().Add(patience); open() > 1; time.Sleep(time.Millisecond) {
				if time.Now().After(end) {
					t.Fatalf("%d connections are open, want one idle", open())
				}
			}
			if open() != 1 {
				t.Errorf("the caller's idle connection was closed")
			}
			if s != nil {
				if err := s.Write([]byte("x"), false); err != nil {
					t.Error(err)
				}
				if p, err := s.Read(testContext(t)); string(p) != "x" {
					t.Errorf("got %q, %v", p, err)
				}
				s.CloseNow()
			}
		}
	}
}

// Neither do those stay that the caller's own function dials with TLS.
func TestRedirectsWithDialTLS(t *testing.T) {
	var accepted, closed sync.WaitGroup
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "/")
		w.WriteHeader(http.StatusFound) // without a body, or the connection is closed for that
	}))
	srv.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			accepted.Done()
		case http.StateClosed:
			closed.Done()
		}
	}
	srv.StartTLS()
	defer srv.Close()
	const redirects = 5
	accepted.Add(redirects)
	closed.Add(redirects)
	client := srv.Client()
	config := client.Transport.(*http.Transport).TLSClientConfig
	client.Transport = &http.Transport{DialTLSContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		return (&tls.Dialer{Config: config}).DialContext(ctx, network, addr)
	}}
	client.CheckRedirect = func(_ *http.Request, via []*http.Request) error {
		if len(via) == redirects {
			return errors.New("far enough")
		}
		return nil
	}
	if _, err := Dial(testContext(t), wsURL(srv), Options{HTTPClient: client}); err == nil {
		t.Fatal("no error")
	}
	done := make(chan struct{})
	go func() { accepted.Wait(); closed.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(patience):
		t.Error("connections are kept")
	}
}

// Without a CheckRedirect no redirect is followed.
func TestRedirectsAreRefused(t *testing.T) {
	srv, _ := redirecting(t, 1, "")
	for _, client := range []*http.Client{nil, {}} {
		_, err := Dial(testContext(t), wsURL(srv)+"/0", Options{HTTPClient: client})
		if err == nil || !strings.Contains(err.Error(), "302 Found") {
			t.Errorf("got %v", err)
		}
	}
}

// The header, the subprotocol, and the jar of the HTTP client reach the
// handshake.
func TestHandshakeRequest(t *testing.T) {
	requests := make(chan *http.Request, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests <- r
		if conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"spoken"}}); err == nil {
			echo(conn)
		}
	}))
	defer srv.Close()
	jar, _ := cookiejar.New(nil)
	u, _ := url.Parse(srv.URL)
	jar.SetCookies(u, []*http.Cookie{{Name: "cookie", Value: "eaten"}})
	header := http.Header{"X-Header": {"said"}}
	s, err := Dial(testContext(t), wsURL(srv), Options{HTTPClient: &http.Client{Jar: jar}, HTTPHeader: header, Subprotocol: "spoken"})
	if err != nil {
		t.Fatal(err)
	}
	r := <-requests
	if r.Header.Get("X-Header") != "said" || r.Header.Get("Sec-Websocket-Protocol") != "spoken" || r.Header.Get("Cookie") != "cookie=eaten" {
		t.Errorf("the header is %v", r.Header)
	}
	if s.Subprotocol() != "spoken" {
		t.Errorf("the subprotocol is %q", s.Subprotocol())
	}
	if len(header) != 1 {
		t.Errorf("the caller's header has become %v", header)
	}
	s.CloseNow()
	s, err = Dial(testContext(t), wsURL(srv), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.CloseNow()
	if r := <-requests; len(r.Header.Values("Sec-Websocket-Protocol")) != 0 || s.Subprotocol() != "" {
		t.Errorf("a subprotocol was offered: %v", r.Header)
	}
}

// Without an HTTP client, and with one that has no transport, the defaults of
// the http package are used.
func TestDefaultClient(t *testing.T) {
	asked := errors.New("asked")
	defer func(c http.Client, t http.RoundTripper) {
		*http.DefaultClient, http.DefaultTransport = c, t
	}(*http.DefaultClient, http.DefaultTransport)
	http.DefaultTransport = roundTripper(func(*http.Request) (*http.Response, error) { return nil, asked })
	for _, client := range []*http.Client{nil, {}} {
		if _, err := Dial(testContext(t), "ws://peer", Options{HTTPClient: client}); !errors.Is(err, asked) {
			t.Errorf("got %v", err)
		}
	}
	own := errors.New("own")
	http.DefaultClient.Transport = roundTripper(func(*http.Request) (*http.Response, error) { return nil, own })
	if _, err := Dial(testContext(t), "ws://peer", Options{}); !errors.Is(err, own) {
		t.Errorf("got %v", err)
	}
}

// The deprecated Dial of a transport is used as net/http does.
func TestDeprecatedDial(t *testing.T) {
	own := errors.New("own")
	//lint:ignore SA1019 it is what is tested
	transport := &http.Transport{Dial: func(string, string) (net.Conn, error) { return nil, own }}
	if _, err := Dial(testContext(t), "ws://peer", Options{HTTPClient: &http.Client{Transport: transport}}); !errors.Is(err, own) {
		t.Errorf("got %v", err)
	}
}

// closing is a body that cannot be written to.
type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error { c.closed = true; return nil }

func TestUnwritableBody(t *testing.T) {
	body := &closing{Reader: strings.NewReader("")}
	client := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusSwitchingProtocols, Header: switching(r), Body: body}, nil
	})}
	if _, err := Dial(testContext(t), "ws://peer", Options{HTTPClient: client}); err == nil || !body.closed {
		t.Errorf("got %v; closed: %v", err, body.closed)
	}
}

// The texts of other packages that are rewritten are still theirs.
func TestTextsOfOtherPackages(t *testing.T) {
	url, _ := refusal(t, "HTTP/1.1 101 Switching Protocols\n\n")
	_, _, err := websocket.Dial(testContext(t), url, nil) //nolint:bodyclose // the library closes it
	if err == nil || !strings.HasPrefix(err.Error(), textDial) {
		t.Errorf("the library's Dial says %v", err)
	}
	url, _ = refusal(t, "HTTP/1.1 101 Switching Protocols\n\n")
	if _, err := Dial(testContext(t), url, Options{}); err == nil || strings.Contains(err.Error(), textDial) {
		t.Errorf("Dial says %v", err)
	}
	near, _ := net.Pipe()
	s := dialOn(t, near, Options{})
	s.CloseNow()
	if _, _, err := s.ws.Reader(context.Background()); err == nil || !strings.HasPrefix(err.Error(), textRead) {
		t.Errorf("the library's Reader says %v", err)
	}
	if err := plainReadError(fmt.Errorf("%sx: %w", textRead, io.EOF)); err.Error() != "x: EOF" || !errors.Is(err, io.EOF) {
		t.Errorf("got %v", err)
	}
	if err := speaksFirst(t); err == nil || !strings.HasPrefix(err.Error(), textPeek) || strings.Contains(plainDialError(err).Error(), textPeek) {
		t.Errorf("net/http says %v of a server that speaks first", err)
	}
	for raw, want := range map[string]string{
		"ws://h:secret":     "invalid port",
		"ws://h/%zz":        "invalid URL escape",
		"ws://a b/":         "invalid character",
		"ws://\x01":         "invalid control character in URL",
		"ws://[secret]":     "invalid host",
		"ws://[secret/":     "missing ']' in host",
		":secret":           "missing protocol scheme",
		"ws://secret %@h/x": "invalid userinfo",
	} {
		if err := checkURL(raw); err == nil || err.Error() != "not a valid URL: "+want {
			t.Errorf("%q: %v, want %s", raw, err, want)
		}
	}
}

// speaksFirst returns the error of a request to a server that sends something
// before the request.
func speaksFirst(t *testing.T) error {
	log.SetOutput(io.Discard) // net/http logs it
	defer log.SetOutput(os.Stderr)
	near, far := net.Pipe()
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return near, nil }}
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) {
		_, _ = io.WriteString(far, "220 smtp\r\n")
		_, _ = io.Copy(io.Discard, far) // until the transport closes it
	}}
	ctx := httptrace.WithClientTrace(testContext(t), trace)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://peer", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := transport.RoundTrip(req)
	if err == nil {
		_ = resp.Body.Close()
	}
	return err
}
