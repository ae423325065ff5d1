package main

import (
	"encoding/json"
	"sync"
	"testing"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/janustest"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
)

// request is a request that the program has sent to Janus.
type request struct {
	Janus   string
	Session uint64 `json:"session_id"`
	Handle  uint64 `json:"handle_id"`
	Body    struct {
		Request, PType, Display string
		Restart                 bool
		Subscribe               []struct {
			Feed uint64
			Mid  string
		}
		Unsubscribe []struct {
			Feed   uint64
			SubMid string `json:"sub_mid"`
		}
		Streams []struct {
			Mid       string
			Substream *int
		}
		Descriptions []struct{ Mid, Description string }
	}
	JSEP      json.RawMessage
	Candidate map[string]any

	Transaction string
}

// requests returns the requests that match, oldest first.
func requests(t *testing.T, server *janustest.Server, match func(request) bool) []request {
	t.Helper()
	var found []request
	for _, frame := range server.Requests() {
		if r := decode(t, frame); match(r) {
			found = append(found, r)
		}
	}
	return found
}

func decode(t *testing.T, frame json.RawMessage) request {
	var r request
	if err := json.Unmarshal(frame, &r); err != nil {
		t.Errorf("%s: %v", frame, err)
	}
	return r
}

// named matches requests to the VideoRoom by their name.
func named(name string) func(request) bool {
	return func(r request) bool { return r.Body.Request == name }
}

// subscribing matches the first request of a subscription.
func subscribing(r request) bool { return r.Body.PType == "subscriber" }

// publisherOf returns the request with which somebody joined last.
func publisherOf(t *testing.T, server *janustest.Server, name string) request {
	t.Helper()
	found := requests(t, server, func(r request) bool { return r.Body.PType == "publisher" && r.Body.Display == name })
	return found[len(found)-1]
}

// object is a JSON object.
type object map[string]any

// notify sends an event of the VideoRoom.
func notify(t *testing.T, server *janustest.Server, to request, data, jsep any) {
	t.Helper()
	if err := server.Notify(to.Session, to.Handle, data, jsep); err != nil {
		t.Error(err)
	}
}

// refuse makes Janus answer the first request that matches with an error of the
// VideoRoom. The result is closed then.
func refuse(t *testing.T, server *janustest.Server, code int, match func(request) bool) <-chan struct{} {
	refused := make(chan struct{})
	var once sync.Once
	server.Intercept(func(frame json.RawMessage, reply func(any)) bool {
		r, first := decode(t, frame), false
		if match(r) {
			once.Do(func() {
				first = true
				replyTo(r, reply, object{"videoroom": "event", "error_code": code, "error": "refused"})
				close(refused)
			})
		}
		return first
	})
	return refused
}

// replyTo answers a request to the VideoRoom as it does.
func replyTo(r request, reply func(any), data object) {
	reply(object{"janus": "ack", "session_id": r.Session, "transaction": r.Transaction})
	reply(object{
		"janus": "event", "session_id": r.Session, "sender": r.Handle, "transaction": r.Transaction,
		"plugindata": object{"plugin": "janus.plugin.videoroom", "data": data},
	})
}

// settle returns when a page has got everything that its participant has made of the
// events of its publisher's handle so far.
func settle(t *testing.T, server *janustest.Server, p *page) (seen []said) {
	t.Helper()
	number := json.RawMessage(p.id)
	talking := !p.people[p.id].Talking
	event := "stopped-talking"
	if talking {
		event = "talking"
	}
	notify(t, server, publisherOf(t, server, p.name), object{
		"videoroom": event, "room": 4242, "id": number, "mindex": 0, "mid": "0", "audio-level-dBov-avg": 30.0,
	}, nil)
	p.awaitThat("settled", func(m said) bool {
		seen = append(seen, m)
		return m.Type == "participant" && m.Participant.ID.String() == p.id && m.Participant.Talking == talking
	})
	return seen
}

// attach attaches to the VideoRoom in a session that is not the program's.
func attach(t *testing.T, server *janustest.Server) *janus.Handle {
	t.Helper()
	gateway, _ := testutil.Dial(t, server, nil)
	return testutil.Attach(t, testutil.Create(t, gateway), videoroom.Name)
}
