package supervisor_test

import (
	"log/slog"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/supervisor"
)

func TestDefaults(t *testing.T) {
	got := supervisor.WithDefaults(nil)
	if got.MinDelay != 250*time.Millisecond || got.MaxDelay != 15*time.Second ||
		got.UpTimeout != time.Minute || got.StopTimeout != 5*time.Second ||
		got.Dial.KeepAlive != 25*time.Second || got.Dial.Reconnect != nil {
		t.Errorf("%+v, %+v", got, got.Dial)
	}
	got = supervisor.WithDefaults(&supervisor.Options{
		MinDelay: time.Minute, UpTimeout: -1, StopTimeout: -1, Dial: &janus.DialOptions{KeepAlive: -1},
	})
	if got.MaxDelay != time.Minute || got.UpTimeout != -1 || got.StopTimeout != 5*time.Second || got.Dial.KeepAlive != -1 {
		t.Errorf("%+v, %+v", got, got.Dial)
	}
}

// The caller's options are not changed, and may be changed by the caller.
func TestOptionsAreCopied(t *testing.T) {
	given := &supervisor.Options{
		URLs: []string{"ws://a/"},
		Dial: &janus.DialOptions{Reconnect: &janus.ReconnectOptions{}},
	}
	got := supervisor.WithDefaults(given)
	if got.Dial.Reconnect.GiveUpAfter != 30*time.Second {
		t.Errorf("%+v", got.Dial.Reconnect)
	}
	if given.Dial.KeepAlive != 0 || given.Dial.Reconnect.GiveUpAfter != 0 {
		t.Error("the caller's options are changed")
	}
	given.URLs[0] = "ws://b/"
	if got.URLs[0] != "ws://a/" {
		t.Error("the caller changes the Supervisor's options")
	}
}

// One logger is enough for both.
func TestLoggers(t *testing.T) {
	logger := slog.New(slog.DiscardHandler)
	other := slog.New(slog.DiscardHandler)
	for _, test := range []struct{ own, dial, wantOwn, wantDial *slog.Logger }{
		{nil, nil, nil, nil},
		{logger, nil, logger, logger},
		{nil, logger, logger, logger},
		{logger, other, logger, other},
	} {
		got := supervisor.WithDefaults(&supervisor.Options{Logger: test.own, Dial: &janus.DialOptions{Logger: test.dial}})
		if got.Logger != test.wantOwn || got.Dial.Logger != test.wantDial {
			t.Errorf("%+v", test)
		}
	}
}
