// Package realjanus runs a real Janus server for tests, benchmarks and examples.
//
// The server is the program that the variable JANUS_BINARY names, or else janus
// in PATH. Its plugins, transports and other modules are those installed with
// it. If the program lies in the unpacked file system of another machine, such
// as /srv/sid/usr/bin/janus, it runs with the libraries of that file system.
//
// Each server has a configuration of its own, listens only on 127.0.0.1, and is
// gone when the test ends.
package realjanus

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"
)

// requireEnv is the variable that, set to requireValue, makes a test fail
// instead of being skipped when something it needs is missing.
const (
	requireEnv   = "JANUS_TEST"
	requireValue = "require"
)

// startTimeout is how long a server may take until it answers.
const startTimeout = 30 * time.Second

// Options says how a server is set up. The zero value is a server as it comes
// out of the box, without secrets.
type Options struct {
	// SessionTimeout is how long a session lives without requests, rounded up
	// to whole seconds. Default: 60 s.
	SessionTimeout time.Duration

	// ReclaimSessionTimeout is how long a session whose connection is gone
	// waits to be claimed, rounded up to whole seconds. Default: not at all.
	ReclaimSessionTimeout time.Duration

	// APISecret, if set, must be in each request.
	APISecret string

	// TokenAuth demands a token in each request. Tokens are stored with
	// Server.Admin and its add_token request, unless TokenAuthSecret is set.
	TokenAuth bool

	// TokenAuthSecret, with TokenAuth, accepts tokens signed with it.
	TokenAuthSecret string

	// ICEEnforceList names the interfaces or addresses media may use, separated
	// by commas. Default: every interface but the loopback. See MediaAddress.
	ICEEnforceList string

	// FullTrickle makes the server trickle its candidates too.
	FullTrickle bool

	// OpaqueIDInAPI adds a handle's opaque_id to its events.
	OpaqueIDInAPI bool

	// EventLoops is the number of threads that handles share. Default: one
	// thread for each handle.
	EventLoops int

	// Plugins are the short names of those to load. Default: audiobridge,
	// echotest, streaming, textroom, videocall and videoroom.
	Plugins []string

	// PluginConfig has the configuration of plugins by their short names, as in
	// the files janus.plugin.NAME.jcfg. Relative paths in it start at Server.Dir.
	// Default: no rooms and no mountpoints; audiobridge, nosip and sip use
	// 127.0.0.1, and recordplay the folder recordings.
	PluginConfig map[string]string

	// EventHandlers has the configuration of the event handlers to load by their
	// short names, as in the files janus.eventhandler.NAME.jcfg. Janus ignores a
	// handler whose configuration does not say enabled = true. Default: none.
	EventHandlers map[string]string

	// Loggers has the configuration of the loggers to load by their short names,
	// as in the files janus.logger.NAME.jcfg. Janus ignores a logger whose
	// configuration does not say enabled = true. Default: none.
	Loggers map[string]string

	// CombineMediaStats makes the event handlers send the statistics of a
	// PeerConnection in one event.
	CombineMediaStats bool

	// HTTP adds the HTTP transport, for both APIs: see Server.HTTPURL.
	HTTP bool
}

// Start runs Janus until the test ends. If Janus is not installed the test is
// skipped, or fails if JANUS_TEST=require is set. It also fails if JANUS_BINARY
// names no Janus that can be run. The end of the server's output is logged if
// the test fails.
func Start(t testing.TB, opts Options) *Server {
	t.Helper()
	server, err := Run(context.Background(), t.TempDir(), opts)
	if errors.Is(err, ErrNotInstalled) {
		unavailable(t, err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("end of Janus's output:\n%s", server.Log())
		}
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return server
}

// Restart ends the server, if it still runs, and starts it again on the same
// ports.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if err := s.Relaunch(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// unavailable ends a test that cannot be run here.
func unavailable(t testing.TB, reason string) {
	t.Helper()
	if os.Getenv(requireEnv) == requireValue {
		t.Fatalf("%s; %s=%s demands it", reason, requireEnv, requireValue)
	}
	t.Skip(reason)
}
