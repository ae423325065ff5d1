package ours

//lint:file-ignore SA1019 the library measured is built on this module

import (
	"net"
	"testing"

	janus "github.com/cameronelliott/janus-go"

	"github.com/cameronelliott/janus-go/bench/internal/scripted"
)

// startServer runs the scripted server in this process.
func startServer(t *testing.T) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error)
	go func() { served <- scripted.Serve(l) }()
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return "ws://" + l.Addr().String() + "/"
}

// The hooks that are measured count requests and events.
func TestTraced(t *testing.T) {
	counted := new(counters)
	c, err := dial(t.Context(), startServer(t), &janus.DialOptions{Trace: counted.trace()}, untyped)
	if err != nil {
		t.Fatal(err)
	}
	err = c.Attach(5, true)
	if err == nil {
		err = c.Stream(20, 5)
	}
	if err == nil {
		err = c.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	// A session, five handles and the request for events.
	if started, ended := counted.started.Load(), counted.ended.Load(); started != 7 || ended != 7 {
		t.Errorf("%d requests started, %d ended", started, ended)
	}
	if delivered, dropped := counted.delivered.Load(), counted.dropped.Load(); delivered != 20 || dropped != 0 {
		t.Errorf("%d messages delivered, %d dropped", delivered, dropped)
	}
}

// The events of the scripted server are parsed.
func TestTyped(t *testing.T) {
	c, err := DialTyped(t.Context(), startServer(t))
	if err != nil {
		t.Fatal(err)
	}
	if c.(*client).isEvent(new(janus.EventMsg)) {
		t.Error("an event without data was parsed")
	}
	err = c.Attach(2, true)
	if err == nil {
		err = c.Stream(10, 2) // returns when all were parsed
	}
	if err == nil {
		err = c.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}
