package janustest_test

import (
	"fmt"
	"testing"

	"github.com/cameronelliott/janus-go/janustest"
)

// A guest is a handle of the VideoRoom on a connection of its own.
type guest struct {
	*client
	sid, handle uint64
}

func newGuest(t *testing.T, s *janustest.Server) *guest {
	t.Helper()
	g := &guest{client: dial(t, s)}
	g.sid = g.session()
	g.handle = g.client.handle(g.sid, videoroom)
	return g
}

// ask sends a request to the plugin, and returns what answers it.
func (g *guest) ask(body m, jsep ...any) message {
	g.t.Helper()
	if len(jsep) > 0 {
		return g.message(g.sid, g.handle, body, jsep[0])
	}
	return g.message(g.sid, g.handle, body, nil)
}

// want checks fields of plugin data.
func (g *guest) want(msg message, fields m) message {
	g.t.Helper()
	for name, want := range fields {
		if got := msg.Plugindata.Data[name]; fmt.Sprint(got) != fmt.Sprint(want) {
			g.t.Errorf("%s is %v, want %v, in %s", name, got, want, msg.text)
		}
	}
	return msg
}

func (g *guest) wantError(msg message, code int, text string) {
	g.t.Helper()
	g.want(msg, m{"videoroom": "event", "error_code": code, "error": text})
}

func (g *guest) join(room, id int) message {
	g.t.Helper()
	return g.ask(m{"request": "join", "ptype": "publisher", "room": room, "id": id, "display": fmt.Sprint("guest ", id)})
}

func (g *guest) publish() message {
	g.t.Helper()
	return g.want(g.ask(m{"request": "publish"}, m{"type": "offer", "sdp": offer}), m{"configured": "ok"})
}

func TestVideoroomErrors(t *testing.T) {
	for _, test := range []struct {
		name string
		body m
		code int
		text string
	}{
		{"no room", m{"request": "join", "ptype": "publisher", "room": 9}, 426, "No such room (9)"},
		{"wrong pin", m{"request": "join", "ptype": "publisher", "room": 7, "pin": "x"}, 433, "Unauthorized (wrong pin)"},
		{"wrong ptype", m{"request": "join", "ptype": "x", "room": 1234}, 430, "Invalid element (ptype)"},
		{"no ptype", m{"request": "join", "room": 1234}, 429, "Missing mandatory element (ptype)"},
		{"unconfigured", m{"request": "configure"}, 424, "Invalid request on unconfigured participant"},
		{"taken id", m{"request": "join", "ptype": "publisher", "room": 1234, "id": 1}, 436, "User ID 1 already exists"},
		{"no feed", m{"request": "join", "ptype": "subscriber", "room": 1234}, 429, "Missing mandatory element (feed)"},
		{"unknown feed", m{"request": "join", "ptype": "subscriber", "room": 1234, "feed": 5}, 428, "No such feed (5)"},
		{"unknown mid", m{"request": "join", "ptype": "subscriber", "room": 1234, "streams": []m{{"feed": 1, "mid": "x"}}}, 428, "No such mid 'x' in feed (1)"},
		{"unknown user", m{"request": "kick", "room": 1234, "id": 9, "secret": "adminpwd"}, 428, "No such user 9 in room 1234"},
		{"unknown stream", m{"request": "moderate", "room": 1234, "id": 1, "mid": "x", "mute": true, "secret": "adminpwd"}, 428, "No such stream x"},
		{"codec", m{"request": "create", "videocodec": "vp8,x"}, 430, "Invalid element (videocodec can only be or contain vp8, vp9, av1, h264 or h265)"},
		{"action", m{"request": "allowed", "room": 1234, "action": "x", "secret": "adminpwd"}, 430, "Unsupported action 'x' (allowed)"},
		{"tokens", m{"request": "create", "allowed": []int{1}}, 430, "Invalid element in the allowed array (not a string)"},
		{"not allowed", m{"request": "join", "ptype": "publisher", "room": 8, "token": "x"}, 433, "Unauthorized (not in the allowed list)"},
		{"private id", m{"request": "join", "ptype": "subscriber", "room": 10, "feed": 1}, 433, "Unauthorized (this room requires a valid private_id)"},
		{"permanent", m{"request": "create", "permanent": true}, 499, "No configuration file, can't create permanent room"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, nil)
			host := newGuest(t, s)
			for _, room := range []m{
				{"room": 7, "pin": "p"}, {"room": 8, "allowed": []string{"a"}}, {"room": 10, "require_pvtid": true},
			} {
				room["request"] = "create"
				host.want(host.ask(room), m{"videoroom": "created"})
			}
			host.want(host.ask(m{
				"request": "add_remote_publisher", "room": 10, "id": 1,
				"streams": []m{{"mid": "0", "mindex": 0, "type": "audio", "codec": "opus"}},
			}), m{"videoroom": "success"})
			host.join(1234, 1)
			host.publish()
			g := newGuest(t, s)
			g.wantError(g.ask(test.body), test.code, test.text)
		})
	}
}

func TestVideoroomPublisherStates(t *testing.T) {
	g := newGuest(t, newServer(t, nil))
	g.join(1234, 1)
	g.wantError(g.ask(m{"request": "unpublish"}), 435, "Can't unpublish, not published")
	g.wantError(g.join(1234, 2), 425, "Already in as a publisher on this handle")
	g.wantError(g.ask(m{"request": "start"}), 423, "Unknown request 'start'")
	g.publish()
	g.wantError(g.ask(m{"request": "publish"}), 434, "Can't publish, already published")
	g.want(g.ask(m{"request": "leave"}), m{"leaving": "ok"})
	g.wantError(g.ask(m{"request": "configure"}), 426, "No such room")
	g.wantError(g.join(1234, 1), 425, "Not in a room (create a new handle)")
}

func TestVideoroomFull(t *testing.T) {
	s := newServer(t, nil)
	a, b := newGuest(t, s), newGuest(t, s)
	a.want(a.ask(m{"request": "create", "room": 5, "publishers": 1}), m{"videoroom": "created"})
	a.join(5, 1)
	b.join(5, 2)
	a.publish()
	b.want(b.next(), m{"videoroom": "event", "room": 5})
	b.wantError(b.ask(m{"request": "publish"}, m{"type": "offer", "sdp": offer}), 432, "Maximum number of publishers (1) already reached")
}

// As with a real Janus, subscribers keep the streams of somebody who was kicked until
// they remove them.
func TestVideoroomKick(t *testing.T) {
	s := newServer(t, nil)
	alice, viewer := newGuest(t, s), newGuest(t, s)
	alice.join(1234, 1)
	alice.publish()
	viewer.want(viewer.ask(m{"request": "join", "ptype": "subscriber", "room": 1234, "feed": 1}), m{"videoroom": "attached"})
	viewer.want(viewer.ask(m{"request": "start"}, m{"type": "answer", "sdp": offer}), m{"started": "ok"})
	host := newGuest(t, s)
	host.want(host.ask(m{"request": "kick", "room": 1234, "id": 1, "secret": "adminpwd"}), m{"videoroom": "success"})
	updated := viewer.want(viewer.ask(m{"request": "unsubscribe", "streams": []m{{"sub_mid": "0"}}}), m{"videoroom": "updated"})
	if updated.Transaction == "" {
		t.Errorf("the kick brought %s", updated.text)
	}
	streams, _ := updated.Plugindata.Data["streams"].([]any)
	if len(streams) != 3 || streams[0].(m)["active"] == true || streams[1].(m)["active"] != true {
		t.Errorf("the streams are %v", streams)
	}
}

func TestVideoroomSubscription(t *testing.T) {
	s := newServer(t, nil)
	alice, bob := newGuest(t, s), newGuest(t, s)
	alice.join(1234, 1)
	alice.publish()
	joined := bob.want(bob.join(1234, 2), m{"videoroom": "joined", "id": 2})
	publishers, _ := joined.Plugindata.Data["publishers"].([]any)
	if len(publishers) != 1 || publishers[0].(m)["display"] != "guest 1" || publishers[0].(m)["video_codec"] != "vp8" {
		t.Errorf("got %s", joined.text)
	}

	viewer := newGuest(t, s)
	attached := viewer.ask(m{"request": "join", "ptype": "subscriber", "room": 1234, "feed": 1})
	viewer.want(attached, m{"videoroom": "attached", "id": 1})
	if attached.JSEP.Type != "offer" {
		t.Fatalf("got %s", attached.text)
	}
	viewer.wantError(viewer.ask(m{"request": "join", "ptype": "subscriber", "room": 1234, "feed": 1}), 425, "Already in as a subscriber on this handle")
	viewer.want(viewer.ask(m{"request": "start"}, m{"type": "answer", "sdp": offer}), m{"started": "ok"})
	viewer.wantError(viewer.ask(m{"request": "subscribe", "streams": []m{}}), 430, "Empty subscription list")
	viewer.wantError(viewer.ask(m{"request": "update"}), 429, "At least one of either 'subscribe' or 'unsubscribe' must be present")
	viewer.wantError(viewer.ask(m{"request": "switch", "streams": []m{{"feed": 2, "mid": "a", "sub_mid": "0"}}}), 428, "No such feed (2)")

	// When the publisher goes, all hear of it.
	alice.want(alice.ask(m{"request": "unpublish"}), m{"unpublished": "ok"})
	if msg := alice.expect(alice.next(), "hangup"); msg.Reason != "Close PC" {
		t.Errorf("got %s", msg.text)
	}
	bob.want(bob.next(), m{"videoroom": "event", "unpublished": 1})
	updated := viewer.want(viewer.expect(viewer.next(), "event"), m{"videoroom": "updated"})
	if updated.Transaction != "" || updated.JSEP.Type != "offer" {
		t.Errorf("got %s", updated.text)
	}
	s.Detach(alice.sid, alice.handle)
	bob.want(bob.next(), m{"leaving": 1})
	// No offer follows while one waits for its answer, and then one does.
	bob.publish()
	viewer.want(viewer.ask(m{"request": "subscribe", "streams": []m{{"feed": 2}}}), m{"videoroom": "updating"})
	viewer.want(viewer.ask(m{"request": "start"}, m{"type": "answer", "sdp": offer}), m{"started": "ok"})
	viewer.want(viewer.next(), m{"videoroom": "updated"})
}

func TestVideoroomDestroyed(t *testing.T) {
	s := newServer(t, nil)
	a, b := newGuest(t, s), newGuest(t, s)
	a.want(a.ask(m{"request": "create", "room": 5}), m{"room": 5})
	b.join(5, 1)
	a.want(a.ask(m{"request": "destroy", "room": 5}), m{"videoroom": "destroyed", "room": 5, "permanent": false})
	b.want(b.next(), m{"videoroom": "destroyed", "room": 5})
	a.want(a.ask(m{"request": "exists", "room": 5}), m{"exists": false})
	b.wantError(b.ask(m{"request": "configure"}), 426, "No such room")
}

// A participant leaves with its connection.
func TestVideoroomConnectionLost(t *testing.T) {
	s := newServer(t, func(s *janustest.Server) { s.Version = "1.4.2" })
	a, b := newGuest(t, s), newGuest(t, s)
	a.join(1234, 1)
	b.join(1234, 2)
	a.close()
	b.want(b.next(), m{"leaving": 1, "display": "guest 1"}) // 1.4.2 has the display
	list := b.ask(m{"request": "listparticipants", "room": 1234})
	if participants := list.Plugindata.Data["participants"].([]any); len(participants) != 1 {
		t.Errorf("got %s", list.text)
	}
}

func TestVideoroomForwarders(t *testing.T) {
	g := newGuest(t, newServer(t, nil))
	g.join(1234, 1)
	g.publish()
	body := m{
		"request": "rtp_forward", "room": 1234, "secret": "adminpwd", "publisher_id": 1, "host": "127.0.0.1",
		"streams": []m{{"mid": "a", "port": 4000}},
	}
	msg := g.want(g.ask(body), m{"videoroom": "rtp_forward"})
	id := msg.Plugindata.Data["forwarders"].([]any)[0].(m)["stream_id"]
	stop := m{"request": "stop_rtp_forward", "room": 1234, "secret": "adminpwd", "publisher_id": 1, "stream_id": id}
	g.want(g.ask(stop), m{"videoroom": "stop_rtp_forward"})
	g.want(g.ask(stop), m{"error_code": 428})
	list := g.ask(m{"request": "listforwarders", "room": 1234, "secret": "adminpwd"})
	g.want(list, m{"videoroom": "forwarders", "publishers": []any{}})
}
