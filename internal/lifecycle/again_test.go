package lifecycle

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
)

// until waits for what no channel tells.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it never comes true that %s", what)
		}
	}
}

// awaitClosed reads an Events channel to its end.
func awaitClosed(t *testing.T, events <-chan any) {
	t.Helper()
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		for range events {
		}
	}()
	await(t, "the end of the events", closed)
}

// registered returns how many handles a session routes messages to.
func registered(s *janus.Session) int {
	return routesOf(reflect.ValueOf(s).Elem().FieldByName("routes"))
}

// routesOf returns how many ids are in a routes.Table.
func routesOf(table reflect.Value) int {
	mu := table.FieldByName("mu").Addr().UnsafePointer()
	(*sync.Mutex)(mu).Lock()
	defer (*sync.Mutex)(mu).Unlock()
	return table.FieldByName("routes").Len()
}

// What ends removes itself from the map that lists it, and nothing that has the
// same id by then.
func TestMapsWhenAnIDIsUsedAgain(t *testing.T) {
	server := start(t, nil)
	g, _ := dial(t, server, nil)
	s, h := open(t, g)

	for name, end := range map[string]func(*janus.Handle) error{
		"Detach": func(h *janus.Handle) error { _, err := h.Detach(t.Context(), ""); return err },
		"detached by the server": func(h *janus.Handle) error {
			return server.Send(s.ID, fmt.Sprintf(`{"janus":"detached","session_id":%d,"sender":%d}`, s.ID, h.ID))
		},
	} {
		t.Run(name, func(t *testing.T) {
			old, err := s.Attach(t.Context(), "", echotest)
			if err != nil {
				t.Fatal(err)
			}
			other := new(janus.Handle)
			s.Lock()
			result := make(chan error, 1)
			go func() { result <- end(old) }()
			await(t, "the end of the handle", old.Done())
			s.Handles[old.ID] = other
			s.Unlock()
			if err := await(t, name, result); err != nil {
				t.Fatal(err)
			}
			awaitClosed(t, old.Events)
			time.Sleep(10 * time.Millisecond) // for a removal that must not come
			s.Lock()
			defer s.Unlock()
			if s.Handles[old.ID] != other {
				t.Error("the handle that has the id now is not listed")
			}
			delete(s.Handles, old.ID)
		})
	}
	if h.Err() != nil {
		t.Fatal(h.Err())
	}

	for name, end := range map[string]func(*janus.Session) error{
		"Destroy": func(s *janus.Session) error { _, err := s.Destroy(t.Context(), ""); return err },
		"timeout": func(s *janus.Session) error {
			return server.Send(s.ID, fmt.Sprintf(`{"janus":"timeout","session_id":%d}`, s.ID))
		},
	} {
		t.Run(name, func(t *testing.T) {
			old, err := g.Create(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			other := new(janus.Session)
			g.Lock()
			result := make(chan error, 1)
			go func() { result <- end(old) }()
			await(t, "the end of the session", old.Done())
			g.Sessions[old.ID] = other
			g.Unlock()
			if err := await(t, name, result); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Millisecond) // for a removal that must not come
			g.Lock()
			defer g.Unlock()
			if g.Sessions[old.ID] != other {
				t.Error("the session that has the id now is not listed")
			}
			delete(g.Sessions, old.ID)
		})
	}
}

// A session or handle that ends before the call that made it has listed it is
// not listed.
func TestEndedMeanwhileIsNotListed(t *testing.T) {
	server := start(t, nil)
	g, _ := dial(t, server, nil)
	s, _ := open(t, g)

	ids := make(chan uint64, 1)
	server.Intercept(func(frame json.RawMessage, reply func(any)) bool {
		var base janus.BaseMsg
		_ = json.Unmarshal(frame, &base)
		switch base.Type {
		case "attach":
			reply(map[string]any{"janus": "success", "transaction": base.ID, "session_id": s.ID, "data": map[string]any{"id": 77}})
			reply(map[string]any{"janus": "detached", "session_id": s.ID, "sender": 77})
		case "create":
			reply(map[string]any{"janus": "success", "transaction": base.ID, "data": map[string]any{"id": 78}})
			reply(map[string]any{"janus": "timeout", "session_id": 78})
		default:
			return false
		}
		ids <- 0
		return true
	})
	s.Lock()
	attached := make(chan *janus.Handle, 1)
	go func() { h, _ := s.Attach(t.Context(), "", echotest); attached <- h }()
	await(t, "the attach", ids)
	if _, err := g.Info(t.Context(), ""); err != nil { // the reader has met the end
		t.Error(err)
	}
	s.Unlock()
	h := await(t, "Attach", attached)
	await(t, "the end of the handle", h.Done())
	s.Lock()
	if s.Handles[h.ID] != nil {
		t.Error("a handle that has ended is listed")
	}
	s.Unlock()

	g.Lock()
	created := make(chan *janus.Session, 1)
	go func() { s, _ := g.Create(t.Context(), ""); created <- s }()
	await(t, "the create", ids)
	if _, err := g.Info(t.Context(), ""); err != nil {
		t.Error(err)
	}
	g.Unlock()
	ended := await(t, "Create", created)
	await(t, "the end of the session", ended.Done())
	g.Lock()
	defer g.Unlock()
	if g.Sessions[ended.ID] != nil {
		t.Error("a session that has ended is listed")
	}
}

// Adopt on a session that has ended returns the handle that is registered, whose
// Events close, or one that has ended.
func TestAdoptAfterTheEnd(t *testing.T) {
	server := start(t, nil)
	g, _ := dial(t, server, nil)
	s, h := open(t, g)
	if err := server.Send(s.ID, fmt.Sprintf(`{"janus":"timeout","session_id":%d}`, s.ID)); err != nil {
		t.Fatal(err)
	}
	await(t, "the end of the session", s.Done())
	if again := s.Adopt(h.ID); again != h {
		t.Error("a registered handle was replaced")
	}
	stranger := s.Adopt(4711)
	await(t, "the end of an adopted handle", stranger.Done())
	if _, open := <-stranger.Events; open {
		t.Error("its Events have a message")
	}
	awaitClosed(t, h.Events)
	until(t, "no handle is registered", func() bool { return registered(s) == 0 })
	s.Lock()
	defer s.Unlock()
	if len(s.Handles) != 0 {
		t.Errorf("%d handles are listed", len(s.Handles))
	}
}

// What is undone because its caller has gone is undone with the caller's token,
// and is not registered for ever, even if the server says nothing more.
func TestUndo(t *testing.T) {
	server := start(t, nil)
	g, _ := dial(t, server, nil)
	s, _ := open(t, g)
	for verb, test := range map[string]struct {
		undo string
		call func(context.Context) error
	}{
		"create": {"destroy", func(ctx context.Context) error { _, err := g.Create(ctx, "the token"); return err }},
		"attach": {"detach", func(ctx context.Context) error { _, err := s.Attach(ctx, "the token", echotest); return err }},
	} {
		t.Run(verb, func(t *testing.T) {
			arrived, release := make(chan struct{}), make(chan struct{})
			held := make(chan struct{}, 10)
			withhold := delay(verb, arrived, release)
			server.Intercept(func(frame json.RawMessage, reply func(any)) bool {
				var base janus.BaseMsg
				if json.Unmarshal(frame, &base) == nil && base.Type == test.undo {
					held <- struct{}{}
					return true
				}
				return withhold(frame, reply)
			})
			ctx, cancel := context.WithCancel(t.Context())
			result := make(chan error, 1)
			go func() { result <- test.call(ctx) }()
			await(t, "the request", arrived)
			cancel()
			mustMatch(t, verb, await(t, "the call", result), []error{context.Canceled}, []error{janus.ErrNotSent})
			close(release)
			await(t, "the undoing", held)
			undone := requests(server, test.undo)
			if last := undone[len(undone)-1]; last["token"] != "the token" {
				t.Errorf("undone with %v", last)
			}
			until(t, "only one handle is registered", func() bool { return registered(s) == 1 })
			server.Intercept(nil)
		})
	}
}

// An empty token does not replace the one that Janus has accepted.
func TestEmptyTokenIsNotRemembered(t *testing.T) {
	server := start(t, nil)
	g, _ := dial(t, server, nil)
	s, err := g.Create(t.Context(), "first")
	if err != nil {
		t.Fatal(err)
	}
	h, err := s.Attach(t.Context(), "", echotest)
	if err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{"", "second", ""} {
		if _, err := s.KeepAlive(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Call(t.Context(), map[string]any{"audio": true}, nil); err != nil {
			t.Fatal(err)
		}
	}
	var sent []any
	for _, r := range requests(server, "message") {
		sent = append(sent, r["token"])
	}
	if want := []any{"first", "second", "second"}; !reflect.DeepEqual(sent, want) {
		t.Errorf("the calls sent %v, want %v", sent, want)
	}
}

// slowHandler takes a moment for every record.
type slowHandler struct {
	slog.Handler
	buf *bytes.Buffer
	mu  *sync.Mutex
}

func (h slowHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h slowHandler) Handle(_ context.Context, r slog.Record) error {
	time.Sleep(5 * time.Millisecond)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.buf.WriteString(r.Message + "\n")
	return nil
}

// When the Gateway has ended, a logger that is somewhat slow has had everything.
func TestEndWaitsForTheLogger(t *testing.T) {
	server := start(t, nil)
	h := slowHandler{slog.DiscardHandler, new(bytes.Buffer), new(sync.Mutex)}
	g, _ := dial(t, server, &janus.DialOptions{Logger: slog.New(h)})
	for range 3 {
		if _, err := g.Info(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
	}
	if err := g.Close(1000, ""); err != nil {
		t.Error(err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if n := bytes.Count(h.buf.Bytes(), []byte("\n")); n != 6 {
		t.Errorf("%d of 6 frames are in the log at the end", n)
	}
}

// Detach succeeds although the server says that the handle is gone before it
// answers.
func TestDetachedBeforeTheAnswer(t *testing.T) {
	server := start(t, nil)
	g, _ := dial(t, server, nil)
	s, h := open(t, g)
	server.Intercept(func(frame json.RawMessage, reply func(any)) bool {
		var base janus.BaseMsg
		if json.Unmarshal(frame, &base) != nil || base.Type != "detach" {
			return false
		}
		reply(map[string]any{"janus": "detached", "session_id": s.ID, "sender": h.ID})
		reply(map[string]any{"janus": "success", "transaction": base.ID, "session_id": s.ID})
		return true
	})
	if _, err := h.Detach(t.Context(), ""); err != nil {
		t.Error(err)
	}
}

// An id that the server gives again while the end of its former owner is not
// over belongs to a new session or handle.
func TestIDOfAnEndedOneIsGivenAgain(t *testing.T) {
	server := start(t, nil)
	g, _ := dial(t, server, nil)
	server.Intercept(func(frame json.RawMessage, reply func(any)) bool {
		var base janus.BaseMsg
		_ = json.Unmarshal(frame, &base) // the client sends JSON
		answer := map[string]any{"janus": "success", "transaction": base.ID}
		if base.Session != 0 {
			answer["session_id"] = base.Session
		}
		switch base.Type {
		case "create":
			answer["data"] = map[string]any{"id": 78}
		case "attach":
			answer["data"] = map[string]any{"id": 77}
		}
		reply(answer)
		return true
	})
	s, old := open(t, g)
	if _, err := old.Detach(t.Context(), ""); err != nil { // no event says that it is detached
		t.Fatal(err)
	}
	h, err := s.Attach(t.Context(), "", echotest)
	if err != nil {
		t.Fatal(err)
	}
	if h == old || h.Err() != nil || s.Adopt(77) != h {
		t.Errorf("the new handle is the old one: %t; its error is %v", h == old, h.Err())
	}
	awaitClosed(t, old.Events)
	mustLive(t, "the new handle", h)
	s.Lock()
	if s.Handles[77] != h {
		t.Error("the new handle is not listed")
	}
	s.Unlock()

	if _, err := s.Destroy(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	next, err := g.Create(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if next == s || next.Err() != nil {
		t.Errorf("the new session is the old one: %t; its error is %v", next == s, next.Err())
	}
	awaitClosed(t, h.Events)
	mustLive(t, "the new session", next)
	if _, err := next.KeepAlive(t.Context(), ""); err != nil {
		t.Error(err)
	}
	g.Lock()
	defer g.Unlock()
	if g.Sessions[78] != next {
		t.Error("the new session is not listed")
	}
}

// What a message holds stays as it is when later messages come: the memory of a
// frame is used again.
func TestRawIsACopy(t *testing.T) {
	server := start(t, nil)
	g, _ := dial(t, server, nil)
	s, h := open(t, g)
	letters := []string{"a", "b", "c"}
	pad := func(letter string) string { return `"` + strings.Repeat(letter, 100) + `"` }
	next := make(chan string, 1)
	server.Intercept(func(frame json.RawMessage, reply func(any)) bool {
		var base janus.BaseMsg
		_ = json.Unmarshal(frame, &base) // the client sends JSON
		answers := map[string]string{
			"info":    `{"janus":"server_info","transaction":%q,"name":%s}`,
			"message": `{"janus":"event","transaction":%q,"plugindata":{"plugin":"p","data":{"pad":%s}}}`,
			"hangup":  `{"janus":"success","transaction":%q,"pad":%s}`,
		}
		letter := <-next
		if base.Type == "hangup" { // the message before its answer
			reply(json.RawMessage(fmt.Sprintf(`{"janus":"news","session_id":%d,"sender":%d,"pad":%s}`, s.ID, h.ID, pad(letter))))
		}
		reply(json.RawMessage(fmt.Sprintf(answers[base.Type], base.ID, pad(letter))))
		return true
	})
	for name, get := range map[string]func() (json.RawMessage, error){
		"InfoMsg": func() (json.RawMessage, error) {
			info, err := g.Info(t.Context(), "")
			if err != nil {
				return nil, err
			}
			return info.Raw, nil
		},
		"EventMsg": func() (json.RawMessage, error) {
			event, err := h.Message(t.Context(), "", map[string]any{}, nil)
			if err != nil {
				return nil, err
			}
			return event.Plugindata.Raw(), nil
		},
		"SuccessMsg": func() (json.RawMessage, error) {
			success, err := h.Request(t.Context(), "", map[string]any{})
			if err != nil {
				return nil, err
			}
			return success.PluginData.Raw(), nil
		},
		"UnknownMsg": func() (json.RawMessage, error) {
			if _, err := h.Hangup(t.Context(), ""); err != nil {
				return nil, err
			}
			unknown, _ := await(t, "the message", h.Events).(*janus.UnknownMsg)
			return unknown.Raw, nil
		},
	} {
		var kept []json.RawMessage
		for _, letter := range letters {
			next <- letter
			raw, err := get()
			if err != nil {
				t.Fatal(name, err)
			}
			kept = append(kept, raw)
		}
		for i, letter := range letters {
			if !strings.Contains(string(kept[i]), pad(letter)) {
				t.Errorf("%s %d has become %s", name, i, kept[i])
			}
		}
	}
}

// A session that has ended is forgotten when the last messages to its handles
// have come.
func TestEndedSessionsAreForgotten(t *testing.T) {
	server := start(t, nil)
	g, _ := dial(t, server, nil)
	with, _ := open(t, g)
	without, err := g.Create(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*janus.Session{with, without} {
		if _, err := s.Destroy(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "no session is registered", func() bool {
		return routesOf(reflect.ValueOf(g).Elem().FieldByName("sessions")) == 0
	})
}

// The error of a handle that the server does not know is what the server says.
func TestErrorOfAnUnknownHandle(t *testing.T) {
	server := start(t, nil)
	g, _ := dial(t, server, nil)
	s, _ := open(t, g)
	h := s.Adopt(12345)
	server.Intercept(func(frame json.RawMessage, reply func(any)) bool {
		var base janus.BaseMsg
		_ = json.Unmarshal(frame, &base) // the client sends JSON
		reply(map[string]any{
			"janus": "error", "transaction": base.ID, "session_id": s.ID,
			"error": map[string]any{"code": 459, "reason": "the server's own words"},
		})
		return true
	})
	_, _ = h.Hangup(t.Context(), "")
	mustEnd(t, "the handle", h, []error{janus.ErrHandleDetached}, nil)
	if !strings.Contains(h.Err().Error(), "the server's own words") {
		t.Errorf("Err is %v", h.Err())
	}
}

// A session that the server no longer has is no failure of Shutdown.
func TestShutdownOfUnknownSessions(t *testing.T) {
	server := start(t, nil)
	g, _ := dial(t, server, nil)
	open(t, g)
	server.Intercept(func(frame json.RawMessage, reply func(any)) bool {
		var base janus.BaseMsg
		_ = json.Unmarshal(frame, &base) // the client sends JSON
		reply(map[string]any{
			"janus": "error", "transaction": base.ID, "session_id": base.Session,
			"error": map[string]any{"code": 458, "reason": "No such session"},
		})
		return true
	})
	if err := g.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

// Close waits for nobody who holds the locks of the maps.
func TestCloseWhileTheMapsAreLocked(t *testing.T) {
	server := start(t, nil)
	g, _ := dial(t, server, nil)
	s, h := open(t, g)
	g.Lock()
	s.Lock()
	closed := make(chan error, 1)
	go func() { closed <- g.Close(1000, "") }()
	if err := await(t, "Close", closed); err != nil {
		t.Error(err)
	}
	await(t, "the end of the handle", h.Done())
	s.Unlock()
	g.Unlock()
	until(t, "nothing is listed", func() bool {
		g.Lock()
		defer g.Unlock()
		s.Lock()
		defer s.Unlock()
		return len(g.Sessions) == 0 && len(s.Handles) == 0
	})
}
