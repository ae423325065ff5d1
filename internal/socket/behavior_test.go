package socket

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// dialing returns a client of srv whose connections wrap makes of dialed ones.
func dialing(srv *httptest.Server, wrap func(net.Conn) net.Conn) *http.Client {
	transport := srv.Client().Transport.(*http.Transport).Clone()
	transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		tcp := conn.(*net.TCPConn)
		return wrap(conn), errors.Join(tcp.SetReadBuffer(64<<10), tcp.SetWriteBuffer(32<<10))
	}
	return &http.Client{Transport: transport}
}

func same(conn net.Conn) net.Conn { return conn }

// bare is a connection of which nobody knows what it is.
type bare struct{ net.Conn }

func hidden(conn net.Conn) net.Conn { return bare{conn} }

// endless is a connection without deadlines, as a channel of an SSH client is.
type endless struct{ net.Conn }

func (endless) SetWriteDeadline(time.Time) error { return errors.ErrUnsupported }
func withoutDeadlines(conn net.Conn) net.Conn    { return endless{conn} }

// A peer that reads steadily but slowly is not cut, however much there is to
// write.
func TestSlowPeerIsNotCut(t *testing.T) {
	for name, wrap := range map[string]func(net.Conn) net.Conn{"TCP": same, "other": hidden} {
		for _, version := range []uint16{0, tls.VersionTLS12} {
			t.Run(fmt.Sprintf("%s/TLS %x", name, version), func(t *testing.T) {
				t.Parallel()
				// The kernel tells the sender of progress in parts of up to
				// 64 KiB, each of which takes 32 ms here.
				const message, messages, pause = 200 << 10, 25, 8 * time.Millisecond
				const timeout = time.Second
				got := make(chan int, 1)
				srv := hijack(t, func(srv *httptest.Server) {
					if version != 0 {
						withTLS(version)(srv)
					}
				}, func(conn net.Conn, r *bufio.Reader) {
					total := 0
					for buf := make([]byte, 16<<10); total < message*messages; time.Sleep(pause) { // a slow reader
						n, err := io.ReadFull(r, buf[:min(len(buf), message*messages-total)])
						if err != nil {
							break
						}
						total += n
					}
					got <- total
				})
				s := dialTo(t, srv, Options{HTTPClient: dialing(srv, wrap), WriteTimeout: timeout})
				began := time.Now()
				for range messages {
					if err := s.Write(make([]byte, message), false); err != nil {
						t.Fatal(err)
					}
				}
				if n := <-got; n < message*messages {
					t.Errorf("%d bytes came: %v", n, s.out.cause())
				}
				if took := time.Since(began); took < 2*timeout { // 320 reads, 8 ms apart
					t.Errorf("took %v, which shows nothing", took)
				}
			})
		}
	}
}

// A pause of the peer does not harm a connection, whatever it is made of: TLS
// that the caller's own dial function has added breaks when a write deadline
// passes.
func TestPauseHarmsNoConnection(t *testing.T) {
	secure := func(conn net.Conn) net.Conn { return tls.Client(conn, &tls.Config{InsecureSkipVerify: true}) }
	for name, test := range map[string]struct {
		wrap func(net.Conn) net.Conn
		tls  bool // of the server
	}{
		"TCP":                    {same, false},
		"TLS over TCP":           {same, true},
		"other":                  {hidden, false},
		"TLS over other":         {hidden, true},
		"TLS by the caller":      {secure, true},
		"without deadlines":      {withoutDeadlines, false},
		"TLS, without deadlines": {withoutDeadlines, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const messages, size = 40, 32 << 10
			listen := make(chan struct{})
			srv := hijack(t, func(srv *httptest.Server) {
				if test.tls {
					withTLS(0)(srv)
				}
			}, func(conn net.Conn, r *bufio.Reader) {
				<-listen
				for range messages {
					if _, p, err := readFrame(r); err != nil || len(p) != size {
						t.Errorf("%d bytes, %v", len(p), err)
						return
					}
				}
				_, _ = conn.Write(frame(true, opText, "all"))
				_, _ = io.Copy(io.Discard, r)
			})
			target := wsURL(srv)
			if name == "TLS by the caller" {
				target = "ws" + strings.TrimPrefix(target, "wss")
			}
			s, err := Dial(t.Context(), target, Options{HTTPClient: dialing(srv, test.wrap), MaxMessageSize: -1, WriteTimeout: patience})
			if err != nil {
				t.Fatal(err)
			}
			defer s.CloseNow()
			worst := time.Duration(0)
			for range messages {
				began := time.Now()
				if err := s.Write([]byte(strings.Repeat("x", size)), false); err != nil {
					t.Fatal(err)
				}
				worst = max(worst, time.Since(began))
			}
			if worst > 5*time.Second { // for ever, without a limit
				t.Errorf("a writer was held for %v", worst)
			}
			time.Sleep(5 * inlineWrite) // the pause itself
			close(listen)
			if p, err := s.Read(testContext(t)); string(p) != "all" {
				t.Errorf("got %q, %v", p, err)
			}
		})
	}
}

// Deadlines are used on TCP and unix sockets only, wherever TLS is added by
// net/http.
func TestDeadlinesAreForKnownConnections(t *testing.T) {
	for name, test := range map[string]struct {
		wrap   func(net.Conn) net.Conn
		inline bool
	}{"TCP": {same, true}, "other": {hidden, false}, "without": {withoutDeadlines, false}} {
		for _, secure := range []bool{false, true} {
			srv := hijack(t, func(srv *httptest.Server) {
				if secure {
					withTLS(0)(srv)
				}
			}, func(_ net.Conn, r *bufio.Reader) { _, _ = io.Copy(io.Discard, r) })
			s := dialTo(t, srv, Options{HTTPClient: dialing(srv, test.wrap)})
			if inline := s.out.deadline != nil; inline != test.inline {
				t.Errorf("%s, TLS %v: deadlines %v", name, secure, inline)
			}
			if _, ours := s.out.dst.(*body); ours || !s.body.below {
				t.Errorf("%s, TLS %v: the connection was not found", name, secure)
			}
			s.CloseNow()
		}
	}
	path := filepath.Join(t.TempDir(), "socket")
	hijack(t, func(srv *httptest.Server) {
		_ = srv.Listener.Close()
		l, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		srv.Listener = l
	}, func(_ net.Conn, r *bufio.Reader) { _, _ = io.Copy(io.Discard, r) })
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}}}
	s, err := Dial(t.Context(), "ws://peer", Options{HTTPClient: client})
	if err != nil {
		t.Fatal(err)
	}
	defer s.CloseNow()
	if s.out.deadline == nil {
		t.Error("no deadlines on a unix socket")
	}
}

// A peer that sends pings and reads no pongs costs little, and is cut.
func TestFloodOfPings(t *testing.T) {
	for _, test := range []struct {
		tls  uint16
		wrap func(net.Conn) net.Conn
	}{{0, same}, {0, hidden}, {tls.VersionTLS12, same}, {tls.VersionTLS13, same}} {
		t.Run(fmt.Sprintf("TLS %x", test.tls), func(t *testing.T) {
			srv := hijack(t, func(srv *httptest.Server) {
				if test.tls != 0 {
					withTLS(test.tls)(srv)
				}
			}, func(conn net.Conn, _ *bufio.Reader) {
				pings := []byte(strings.Repeat(string(frame(true, opPing, strings.Repeat("p", 125))), 1000))
				for {
					if _, err := conn.Write(pings); err != nil {
						return
					}
				}
			})
			s := dialTo(t, srv, Options{HTTPClient: dialing(srv, test.wrap), WriteTimeout: time.Hour})
			_, err := s.Read(testContext(t))
			if !errors.Is(err, errUnread) {
				t.Errorf("ended with %v", err)
			}
			if pending, _, _ := s.out.state(); pending > maxUnasked {
				t.Errorf("%d bytes wait", pending)
			}
		})
	}
}

// A peer that reads its pongs may send as many pings as it likes, and one that
// pauses gets its pongs later.
func TestManyPings(t *testing.T) {
	const pings, group = 20_000, 1000
	srv := hijack(t, nil, func(conn net.Conn, r *bufio.Reader) {
		for i := range pings / group {
			for n := range group {
				_, _ = conn.Write(frame(true, opPing, fmt.Sprint(i*group+n)))
			}
			for n := range group {
				if op, p, err := readFrame(r); err != nil || op != opPong || string(p) != fmt.Sprint(i*group+n) {
					t.Errorf("got %d %q, %v", op, p, err)
					return
				}
			}
		}
		_, _ = conn.Write(frame(true, opText, "enough"))
		_, _ = io.Copy(io.Discard, r)
	})
	s := dialTo(t, srv, Options{})
	if p, err := s.Read(testContext(t)); string(p) != "enough" {
		t.Errorf("got %q, %v", p, err)
	}
}

// wss through a proxy with TLS: the connection is found below both layers.
func TestProxyWithTLS(t *testing.T) {
	srv := hijack(t, withTLS(0), func(conn net.Conn, r *bufio.Reader) {
		_, p, _ := readFrame(r)
		_, _ = conn.Write(frame(true, opText, string(p)))
	})
	proxy := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to, err := net.Dial("tcp", r.Host)
		if err != nil {
			t.Error(err)
			return
		}
		from, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(from, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(to, from); _ = to.Close() }()
		_, _ = io.Copy(from, to)
		_ = from.Close()
	}))
	defer proxy.Close()
	client := srv.Client()
	transport := client.Transport.(*http.Transport).Clone()
	transport.TLSClientConfig.InsecureSkipVerify = true
	u := strings.Replace(proxy.URL, "https://", "https://user:secret@", 1)
	transport.Proxy = func(r *http.Request) (*url.URL, error) { return url.Parse(u) }
	s := dialTo(t, srv, Options{HTTPClient: &http.Client{Transport: transport}})
	if s.out.deadline == nil {
		t.Error("writes are not inline")
	}
	if err := s.Write([]byte("through"), false); err != nil {
		t.Fatal(err)
	}
	if p, err := s.Read(testContext(t)); string(p) != "through" {
		t.Errorf("got %q, %v", p, err)
	}
}
