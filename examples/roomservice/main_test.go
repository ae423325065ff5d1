package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/realjanus"
	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/janustest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
	"github.com/cameronelliott/janus-go/supervisor"
)

const (
	patience = 20 * time.Second

	// child is a variable that makes the test program the command.
	child = "ROOMSERVICE_TEST_CHILD"
)

func TestMain(m *testing.M) {
	if os.Getenv(child) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

var room = plugin.Num(4321)

// serve runs a service until the test ends, and returns its address.
func serve(t *testing.T, janusURL string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() {
		opts := &supervisor.Options{URLs: []string{janusURL}, MinDelay: time.Millisecond, MaxDelay: 50 * time.Millisecond}
		done <- newService(room, opts).run(ctx, listener)
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return "http://" + listener.Addr().String()
}

// ask sends an HTTP request and returns the status and the body.
func ask(t *testing.T, method, url string) (status int, body []byte) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if body, err = io.ReadAll(response.Body); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, body
}

// list returns the participants that the service lists.
func list(t *testing.T, service string) []videoroom.Participant {
	t.Helper()
	var list []videoroom.Participant
	status, body := ask(t, "GET", service+"/participants")
	if err := json.Unmarshal(body, &list); status != 200 || err != nil {
		t.Fatalf("status %d, %s", status, body)
	}
	return list
}

// attach attaches to the VideoRoom in a session of its own.
func attach(t *testing.T, url string) *janus.Handle {
	t.Helper()
	gateway, _, err := janus.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = gateway.Close(1000, "") })
	session, err := gateway.Create(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	handle, err := session.Attach(t.Context(), "", videoroom.Name)
	if err != nil {
		t.Fatal(err)
	}
	return handle
}

// join joins the room and returns the participant's id, and a channel that is closed
// when it is kicked.
func join(t *testing.T, url, name string) (id plugin.ID, kicked <-chan struct{}) {
	t.Helper()
	handle := attach(t, url)
	joined, err := videoroom.On(handle).JoinPublisher(t.Context(), videoroom.JoinPublisher{Room: room, Display: name})
	if err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() {
		for msg := range handle.Events {
			if event, ok := videoroom.Parse(msg); ok {
				if _, ok := event.(*videoroom.SelfKicked); ok {
					close(gone)
				}
			}
		}
	}()
	return joined.ID, gone
}

// check uses the service, restarts Janus, and uses it again.
func check(t *testing.T, url string, restart func()) {
	service := serve(t, url)
	for _, when := range []string{"at first", "after a restart"} {
		if got := list(t, service); len(got) != 0 {
			t.Fatalf("%s: %v", when, got)
		}
		ada, kicked := join(t, url, "ada")
		if _, _ = join(t, url, "bob"); len(list(t, service)) != 2 {
			t.Errorf("%s: %v", when, list(t, service))
		}
		if status, body := ask(t, "POST", fmt.Sprintf("%s/kick?id=%s", service, ada)); status != 200 {
			t.Errorf("%s: status %d, %s", when, status, body)
		}
		select {
		case <-kicked:
		case <-time.After(patience):
			t.Fatalf("%s: nobody is kicked", when)
		}
		if got := list(t, service); len(got) != 1 || got[0].Display != "bob" {
			t.Errorf("%s: %v", when, got)
		}
		for query, want := range map[string]int{"id=1": 404, "id=": 400, "id=abc": 400, "id=-1": 400, "id=99999999999999999999": 400} {
			if status, body := ask(t, "POST", service+"/kick?"+query); status != want {
				t.Errorf("%s: status %d, %s", query, status, body)
			}
		}
		restart()
	}
}

func TestService(t *testing.T) {
	server := janustest.NewServer()
	defer server.Close()
	check(t, server.URL, server.Restart)
}

func TestServiceRealJanus(t *testing.T) {
	server := realjanus.Start(t, realjanus.Options{Plugins: []string{"videoroom"}})
	check(t, server.URL, func() { server.Restart(t) })
}

// A room that an operator has destroyed is made again by the next request.
func TestRoomIsDestroyed(t *testing.T) {
	server := janustest.NewServer()
	defer server.Close()
	service := serve(t, server.URL)
	list(t, service)
	_, err := videoroom.On(attach(t, server.URL)).Destroy(t.Context(), videoroom.Destroy{Room: room, Secret: "adminpwd"})
	if err != nil {
		t.Fatal(err)
	}
	if status, body := ask(t, "POST", service+"/kick?id=1"); status != 404 {
		t.Errorf("kick: status %d, %s", status, body)
	}
	if got := list(t, service); len(got) != 0 {
		t.Errorf("the participants are %v", got)
	}
	join(t, server.URL, "ada")
}

// The command ends orderly when it is asked to terminate. Spaces in -janus do no harm.
func TestTerminated(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("processes are not asked to terminate here")
	}
	server := janustest.NewServer()
	defer server.Close()
	command := exec.Command(os.Args[0], "-listen", "127.0.0.1:0", "-janus", " "+server.URL+", ws://elsewhere.invalid/ ")
	command.Env = append(os.Environ(), child+"=1")
	var stderr strings.Builder
	command.Stderr = &stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Process.Kill() })
	roomExists := func() bool {
		return slices.ContainsFunc(server.Requests(), func(request json.RawMessage) bool {
			return strings.Contains(string(request), `"create"`) && strings.Contains(string(request), `"room"`)
		})
	}
	testutil.Eventually(t, "the room", roomExists)
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := command.Wait(); err != nil || len(server.Sessions()) != 0 {
		t.Errorf("the command ended with %v, %s; the sessions are %v", err, &stderr, server.Sessions())
	}
}

// A service whose credentials are refused ends.
func TestServiceRefused(t *testing.T) {
	server := janustest.NewUnstartedServer()
	server.APISecret = "hush"
	server.Start()
	defer server.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	err = newService(room, &supervisor.Options{URLs: []string{server.URL}}).run(t.Context(), listener)
	if !errors.Is(err, janus.ErrorUnauthorized) {
		t.Errorf("the service ended with %v", err)
	}
}
