package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cameronelliott/janus-go/internal/realjanus"
)

// What /metrics must have while audio flows: the beginnings of lines whose value is
// not 0.
var flowing = []string{
	`janus_client_connections{janus_connection_state="connected"`,
	`rpc_client_call_duration_seconds_count{janus_plugin="janus.plugin.echotest"`,
	`janus_server_up{`,
	`janus_server_info{`,
	`janus_server_sessions{`,
	`janus_server_handles{`,
	`janus_server_peerconnections{`,
	`janus_server_plugin_peerconnections{`,
	`janus_server_peerconnection_setup_duration_seconds_count{`,
	`janus_server_media_io_bytes_total{`,
	`janus_server_media_packets_total{`,
	`janus_server_media_bitrate_bit_per_second_count{`,
	`janus_server_media_jitter_seconds_count{`,
}

func TestMetricsOfARealJanus(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "http://" + listener.Addr().String()
	const user, password = "janus", "a secret"
	server := realjanus.Start(t, realjanus.Options{
		ICEEnforceList: realjanus.MediaAddress(t),
		EventHandlers: map[string]string{"sampleevh": fmt.Sprintf(
			"general: {\n enabled = true\n events = \"all\"\n backend = %q\n backend_user = %q\n backend_pwd = %q\n}\n",
			address+"/events", user, password)},
	})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	c := config{
		url: server.URL, duration: time.Minute, loopback: true,
		user: user, password: password,
		adminURL: server.AdminURL, adminSecret: server.AdminSecret, serverName: server.Dir(),
	}
	var out bytes.Buffer
	result := make(chan error, 1)
	go func() { result <- run(ctx, listener, c, &out) }()
	await(t, address+"/metrics", flowing)
	stop()
	select {
	case err := <-result:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the program does not end")
	}
	if missing := missing(out.String(), flowing[1:2]); missing != "" {
		t.Errorf("%s is not printed:\n%s", missing, out.String())
	}
	t.Log(out.String())
}

// await reads metrics until all are there.
func await(t *testing.T, url string, wanted []string) {
	t.Helper()
	var last string
	for deadline := time.Now().Add(40 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		response, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(response.Body)
		if closed := response.Body.Close(); err != nil || closed != nil {
			t.Fatal(err, closed)
		}
		if last = string(text); missing(last, wanted) == "" {
			return
		}
	}
	t.Fatalf("%s is missing in:\n%s", missing(last, wanted), last)
}

// missing returns what no line begins with whose value is not 0, or "".
func missing(text string, wanted []string) string {
	for _, start := range wanted {
		found := false
		for line := range strings.Lines(text) {
			found = found || strings.HasPrefix(line, start) && !strings.HasSuffix(line, " 0\n")
		}
		if !found {
			return start
		}
	}
	return ""
}
