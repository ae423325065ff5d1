package tracetest

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/trace"
)

// The states of a connection that is lost, restored and closed.
func TestStates(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	r := new(record)
	opts := testutil.Reconnecting()
	opts.Trace = r.trace()
	g, group := testutil.Dial(t, srv, opts)
	first := take(r, &r.states) // reported before Dial returns
	srv.Cut()
	testutil.Eventually(t, "the connection is restored", func() bool {
		defer r.lock()()
		return len(r.states) == 2
	})
	testutil.Close(t, g)
	if err := testutil.Wait(t, group); err != nil {
		t.Fatal(err)
	}
	got := append(first, take(r, &r.states)...)
	want := []trace.StateChange{
		{Server: srv.URL, From: trace.None, To: trace.Connected},
		{Server: srv.URL, From: trace.Connected, To: trace.Reconnecting},
		{Server: srv.URL, From: trace.Reconnecting, To: trace.Connected},
		{Server: srv.URL, From: trace.Connected, To: trace.Closed},
	}
	for i := range got {
		if lost := got[i].To == trace.Reconnecting; (got[i].Cause != nil) != lost {
			t.Errorf("change %d: the cause is %v", i, got[i].Cause)
		}
		got[i].Cause = nil
	}
	equal(t, "states", got, want)
}

// A loss that is final has its cause.
func TestLostForGood(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	r := new(record)
	_ = dial(t, srv, r)
	take(r, &r.states)
	srv.Cut()
	if got := await(t, r, &r.states, 1)[0]; got.To != trace.Closed || got.Cause == nil {
		t.Errorf("%+v", got)
	}
}

// Each dial is reported, the first and those that restore the connection, with
// the values of the context of Dial. The hook's context is that of the handshake.
func TestDials(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	r := new(record)
	opts := testutil.Reconnecting()
	opts.Trace = r.trace()
	opts.HTTPClient = &http.Client{Transport: testutil.RoundTripper(func(request *http.Request) (*http.Response, error) {
		if _, ok := request.Context().Value(ofHook).(dialed); !ok {
			t.Error("the handshake has another context than that of the hook")
		}
		return http.DefaultTransport.RoundTrip(request)
	})}
	ctx := context.WithValue(t.Context(), ofCaller, "dial")
	g, _, err := janus.Dial(ctx, srv.URL, opts)
	if err != nil {
		t.Fatal(err)
	}
	defer testutil.Close(t, g)
	first := take(r, &r.dials) // reported before Dial returns
	if len(first) != 1 || first[0].Redial || first[0].Err != nil || first[0].Duration <= 0 || first[0].Server != srv.URL {
		t.Errorf("the first dial: %+v", first)
	}
	srv.Refuse(http.StatusServiceUnavailable)
	srv.Cut()
	testutil.Eventually(t, "a dial fails", func() bool {
		defer r.lock()()
		return len(r.dials) > 0
	})
	srv.Refuse(0)
	testutil.Eventually(t, "the connection is restored", func() bool { return g.State() == janus.StateConnected })
	later := take(r, &r.dials)
	for i, got := range later {
		if last := i == len(later)-1; !got.Redial || (got.Err == nil) != last {
			t.Errorf("dial %d of %d: %+v", i, len(later), got)
		}
		if got.start.Value(ofCaller) != "dial" || got.end.Value(ofCaller) != "dial" {
			t.Error("the context is not that of Dial")
		}
	}
}

// A dial that panics in the application's transport has ended, too.
func TestDialPanics(t *testing.T) {
	r := new(record)
	opts := &janus.DialOptions{Logger: testutil.Quiet, Trace: r.trace()}
	opts.HTTPClient = &http.Client{Transport: testutil.RoundTripper(func(*http.Request) (*http.Response, error) { panic("a bug") })}
	if _, _, err := janus.Dial(t.Context(), "ws://127.0.0.1:1/", opts); err == nil {
		t.Error("no error")
	}
	if len(r.dials) != 1 || r.dials[0].Err == nil || len(r.states) != 0 {
		t.Errorf("%+v %+v", r.dials, r.states)
	}
}

// The name of the server has no secret.
func TestServerName(t *testing.T) {
	r := new(record)
	opts := &janus.DialOptions{Logger: testutil.Quiet, Trace: r.trace()}
	opts.HTTPClient = &http.Client{Transport: testutil.RoundTripper(func(*http.Request) (*http.Response, error) {
		return nil, errors.New("refused")
	})}
	_, _, _ = janus.Dial(t.Context(), "ws://user:s3cret@localhost:1/janus?token=s3cret", opts)
	if got := r.dials[0].Server; got != "ws://localhost:1/janus" || strings.Contains(got, "s3cret") {
		t.Errorf("the server is %q", got)
	}
}
