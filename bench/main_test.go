package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/cameronelliott/janus-go/bench/internal/spawn"
)

// programs is where the programs of this module are built for its tests.
var programs string

func TestMain(m *testing.M) { os.Exit(run(m)) }

// run builds the programs, which are then measured as users build them: without
// the race detector, say.
func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	build := exec.Command("go", "build", "-o", dir+string(filepath.Separator), "./cmd/client", "./cmd/server")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	programs = dir
	return m.Run()
}

func program(name string) string { return filepath.Join(programs, name) }

// startServer runs the scripted server and returns its URL.
func startServer(tb testing.TB) string {
	tb.Helper()
	server, err := spawn.StartServer(ctx, program("server"))
	check(tb, err)
	tb.Cleanup(func() { check(tb, server.Close()) })
	return server.URL
}

// startClient runs a contender that is connected to a scripted server.
func startClient(tb testing.TB, contender string) *spawn.Client {
	tb.Helper()
	client, err := spawn.StartClient(ctx, contender,
		program("client"), "-contender", contender, "-url", startServer(tb))
	check(tb, err)
	tb.Cleanup(func() { check(tb, client.Close()) })
	return client
}

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

var ctx = context.Background()
