package realjanus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestStartedServerAnswersBothAPIs(t *testing.T) {
	server := Start(t, Options{SessionTimeout: 90 * time.Second})
	info, err := ask(t.Context(), server.URL, apiProtocol, map[string]any{"janus": "info"})
	if err != nil {
		t.Fatal(err)
	}
	if info["session-timeout"] != 90.0 {
		t.Errorf("session-timeout is %v, want 90", info["session-timeout"])
	}
	status, err := server.Admin(t.Context(), map[string]any{"janus": "get_status"})
	if err != nil {
		t.Fatal(err)
	}
	if status["janus"] != "success" {
		t.Errorf("the Admin API answered %v", status)
	}
}

func TestOptionsReachTheServer(t *testing.T) {
	server := Start(t, Options{
		ReclaimSessionTimeout: 2500 * time.Millisecond,
		APISecret:             "shibboleth",
		TokenAuth:             true,
		EventLoops:            2,
		FullTrickle:           true,
		Plugins:               []string{"echotest"},
	})
	info, err := ask(t.Context(), server.URL, apiProtocol, map[string]any{"janus": "info"})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{
		"reclaim-session-timeout": 3.0,
		"api_secret":              true,
		"auth_token":              true,
		"static-event-loops":      2.0,
		"full-trickle":            true,
		"session-timeout":         60.0,
	} {
		if info[name] != want {
			t.Errorf("%s is %v, want %v", name, info[name], want)
		}
	}
	if plugins, _ := info["plugins"].(map[string]any); len(plugins) != 1 || plugins["janus.plugin.echotest"] == nil {
		t.Errorf("the plugins are %v, want echotest alone", info["plugins"])
	}
	if transports, _ := info["transports"].(map[string]any); len(transports) != 1 {
		t.Errorf("the transports are %v, want websockets alone", info["transports"])
	}
}

func TestVersionIsThatOfTheServer(t *testing.T) {
	server := Start(t, Options{})
	info, err := ask(t.Context(), server.URL, apiProtocol, map[string]any{"janus": "info"})
	if err != nil {
		t.Fatal(err)
	}
	if server.Version() != info["version_string"] {
		t.Errorf("Version returned %s, but the server says %v", server.Version(), info["version_string"])
	}
}

func TestAtLeast(t *testing.T) {
	version, err := parseVersion("1.4.1")
	if err != nil {
		t.Fatal(err)
	}
	server := &Server{version: version}
	for wanted, want := range map[[3]int]bool{
		{1, 4, 1}: true, {1, 4, 0}: true, {1, 3, 9}: true, {0, 15, 0}: true,
		{1, 4, 2}: false, {1, 10, 0}: false, {2, 0, 0}: false,
	} {
		if got := server.AtLeast(wanted[0], wanted[1], wanted[2]); got != want {
			t.Errorf("1.4.1 is at least %v: %t, want %t", wanted, got, want)
		}
	}
	if _, err := parseVersion("unknown"); err == nil {
		t.Error("a version that is none was accepted")
	}
}

func TestEveryPluginCanBeLoaded(t *testing.T) {
	plugins := []string{
		"audiobridge", "echotest", "nosip", "recordplay", "sip", "streaming", "textroom", "videocall", "videoroom",
	}
	server := Start(t, Options{Plugins: plugins})
	info, err := ask(t.Context(), server.URL, apiProtocol, map[string]any{"janus": "info"})
	if err != nil {
		t.Fatal(err)
	}
	loaded, _ := info["plugins"].(map[string]any)
	for _, name := range plugins {
		if loaded["janus.plugin."+name] == nil {
			t.Errorf("the server has not loaded %s", name)
		}
	}
}

func TestPluginConfigReachesThePlugin(t *testing.T) {
	for room, config := range map[any]map[string]string{
		4321.0:     nil,
		"the room": {"videoroom": "general: { string_ids = true }"},
	} {
		server := Start(t, Options{Plugins: []string{"videoroom"}, PluginConfig: config})
		answer, err := server.Admin(t.Context(), map[string]any{
			"janus": "message_plugin", "plugin": "janus.plugin.videoroom",
			"request": map[string]any{"request": "create", "room": room},
		})
		if err != nil {
			t.Fatal(err)
		}
		if response, _ := answer["response"].(map[string]any); response["room"] != room {
			t.Errorf("with the configuration %v the answer to create is %v, want the room %v", config, answer, room)
		}
	}
}

func TestRecordingsAreInTheServersFolder(t *testing.T) {
	server := Start(t, Options{Plugins: []string{"recordplay"}})
	// The plugin makes the folder.
	if info, err := os.Stat(filepath.Join(server.Dir(), recordingsFolder)); err != nil || !info.IsDir() {
		t.Errorf("there is no folder for recordings: %v", err)
	}
}

func TestHTTPTransportAnswersBothAPIs(t *testing.T) {
	server := Start(t, Options{HTTP: true})
	for _, url := range []string{server.HTTPURL, server.AdminHTTPURL} {
		info, err := get(t.Context(), url+"/info")
		if err != nil {
			t.Fatal(err)
		}
		if info["janus"] != "server_info" {
			t.Errorf("%s answered %v", url, info)
		}
	}
	without := Start(t, Options{})
	if without.HTTPURL != "" || without.AdminHTTPURL != "" {
		t.Errorf("a server without HTTP has the addresses %s and %s", without.HTTPURL, without.AdminHTTPURL)
	}
}

func TestEventHandlerSendsEvents(t *testing.T) {
	events := make(chan string, 1)
	backend := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			body = []byte(err.Error())
		}
		select {
		case events <- string(body):
		default: // The first is enough.
		}
	}))
	defer backend.Close()
	handler := fmt.Sprintf(`general: { enabled = true, events = "core", backend = %q }`, backend.URL)
	Start(t, Options{EventHandlers: map[string]string{"sampleevh": handler}})
	select {
	case event := <-events:
		if !strings.Contains(event, `"started"`) {
			t.Errorf("the first event is %s, want that the server has started", event)
		}
	case <-time.After(startTimeout):
		t.Error("no event came")
	}
}

func TestKilledServerRefusesAndRestartsOnTheSamePorts(t *testing.T) {
	server := Start(t, Options{})
	apiURL, pid := server.URL, server.PID()
	apiAddress := net.JoinHostPort(host, strconv.Itoa(port(t, apiURL)))
	open, err := net.Dial("tcp", apiAddress)
	if err != nil {
		t.Fatal(err)
	}
	server.Kill()
	if n, err := open.Read(make([]byte, 1)); err == nil {
		t.Errorf("read %d bytes on a connection to a killed server", n)
	}
	if conn, err := net.Dial("tcp", apiAddress); err == nil {
		t.Errorf("killed server still accepts on %v", conn.RemoteAddr())
	}
	server.Restart(t)
	if server.URL != apiURL {
		t.Errorf("URL after the restart is %s, was %s", server.URL, apiURL)
	}
	if server.PID() == pid {
		t.Error("the process is the same after a restart")
	}
	if _, err := ask(t.Context(), apiURL, apiProtocol, map[string]any{"janus": "info"}); err != nil {
		t.Error(err)
	}
}

func TestRestartEndsARunningServer(t *testing.T) {
	server := Start(t, Options{})
	ended := server.Done()
	server.Restart(t)
	select {
	case <-ended:
	default:
		t.Error("the first process still runs")
	}
}

func TestStoppedServerIsSilentUntilContinued(t *testing.T) {
	server := Start(t, Options{})
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	request := map[string]any{"janus": "info"}
	if _, err := ask(ctx, server.URL, apiProtocol, request); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("asking a stopped server ended with %v, want the deadline", err)
	}
	if err := server.Continue(); err != nil {
		t.Fatal(err)
	}
	if _, err := ask(t.Context(), server.URL, apiProtocol, request); err != nil {
		t.Error(err)
	}
}

func TestRunTakesOtherPortsWhenJanusCannotBindThem(t *testing.T) {
	server := Start(t, Options{})
	second := &Server{dir: t.TempDir(), install: server.install}
	taken := ports{API: port(t, server.URL), Admin: port(t, server.AdminURL)}
	free, err := freePorts()
	if err != nil {
		t.Fatal(err)
	}
	for name, ports := range map[string]ports{
		"both taken":  taken,
		"API taken":   {API: taken.API, Admin: free.Admin},
		"admin taken": {API: free.API, Admin: taken.Admin},
	} {
		if err := second.configure(ports); err != nil {
			t.Fatal(err)
		}
		started := time.Now()
		if err := second.launch(t.Context()); err == nil {
			t.Errorf("%s: the server started", name)
			second.Kill()
		}
		if took := time.Since(started); took > startTimeout/2 {
			t.Errorf("%s: noticed after %v only", name, took)
		}
	}
}

func TestRunReportsWhatJanusSaid(t *testing.T) {
	requireJanus(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Run(ctx, t.TempDir(), Options{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Run with an ended context returned %v", err)
	}
	_, err = Run(t.Context(), t.TempDir(), Options{Plugins: []string{"nonesuch"}})
	if err == nil || !strings.Contains(err.Error(), "nonesuch") {
		t.Errorf("Run with an unknown plugin returned %v", err)
	}
}

func TestEndOfTheTestEndsTheServer(t *testing.T) {
	var server *Server
	t.Run("inner", func(t *testing.T) { server = Start(t, Options{}) })
	if server == nil {
		t.SkipNow()
	}
	select {
	case <-server.Done():
	default:
		t.Error("the server runs on")
	}
}

func TestLogIsTheEndOfTheOutput(t *testing.T) {
	server := Start(t, Options{})
	if log := server.Log(); !strings.Contains(log, "WebSockets") || len(log) > logTail {
		t.Errorf("the log is %q", log)
	}
}

func TestWithoutJanusATestIsSkippedOrFails(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv(binaryEnv, "")
	for value, want := range map[string]string{"": "skip", requireValue: "fatal"} {
		t.Setenv(requireEnv, value)
		outcome := outcomeOf(t, func(t testing.TB) { Start(t, Options{}) })
		if outcome.how != want {
			t.Errorf("%s=%s: the test ended with %q, want %q", requireEnv, value, outcome.how, want)
		}
		if !strings.Contains(outcome.line, "apt-get install janus") || strings.Contains(outcome.line, "\n") {
			t.Errorf("%s=%s: it said %q, want one line that says how to install", requireEnv, value, outcome.line)
		}
	}
}

func TestMediaAddressIsThereUntilTheTestEnds(t *testing.T) {
	var address string
	t.Run("inner", func(t *testing.T) {
		address = MediaAddress(t)
		conn, err := net.ListenPacket("udp", net.JoinHostPort(address, "0"))
		if err != nil {
			t.Fatal(err)
		}
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
		if !has(t, address) {
			t.Errorf("no interface has %s", address)
		}
	})
	if address != "" && has(t, address) {
		t.Errorf("%s is still there", address)
	}
}

func TestWithoutIproute2ATestIsSkippedOrFails(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for value, want := range map[string]string{"": "skip", requireValue: "fatal"} {
		t.Setenv(requireEnv, value)
		outcome := outcomeOf(t, func(t testing.TB) { MediaAddress(t) })
		if outcome.how != want || !strings.Contains(outcome.line, "iproute2") {
			t.Errorf("%s=%s: the test ended with %+v, want %q", requireEnv, value, outcome, want)
		}
	}
}

// outcome is how a test ended and what it said.
type outcome struct{ how, line string }

// recorder is a test whose end is recorded instead of carried out.
type recorder struct {
	testing.TB
	outcome outcome
}

func (r *recorder) Helper() {}

func (r *recorder) Skip(args ...any) { r.end("skip", args[0].(string)) }

func (r *recorder) Fatal(args ...any) { r.end("fatal", fmt.Sprint(args...)) }

func (r *recorder) Fatalf(format string, args ...any) { r.end("fatal", fmt.Sprintf(format, args...)) }

func (r *recorder) end(how, line string) {
	r.outcome = outcome{how, line}
	runtime.Goexit()
}

// outcomeOf runs a test of its own and tells how it ended.
func outcomeOf(t *testing.T, test func(testing.TB)) outcome {
	r := &recorder{TB: t}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		test(r)
	}()
	<-ended
	return r.outcome
}

func requireJanus(t *testing.T) {
	t.Helper()
	if _, err := findInstall(); errors.Is(err, ErrNotInstalled) {
		unavailable(t, err.Error())
	}
}

func port(t *testing.T, raw string) int {
	t.Helper()
	parsed, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(parsed.Port())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// has tells whether an interface of this machine has the address.
func has(t *testing.T, address string) bool {
	t.Helper()
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	return holds(addresses, net.ParseIP(address))
}
