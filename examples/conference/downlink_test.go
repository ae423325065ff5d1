package main

import (
	"encoding/json"
	"strconv"
	"testing"

	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/janustest"
)

// talk is two participants and the first offer to Bob, which he has not answered.
func talk(t *testing.T) (server *janustest.Server, program *program, ada, bob *page, offer said) {
	t.Helper()
	server = testutil.NewServer(t, nil)
	program = start(t, server.URL, nil)
	ada, bob = program.join("Ada"), program.join("Bob")
	ada.publish()
	return server, program, ada, bob, bob.await("offer")
}

// subscription returns the request that made the latest subscription.
func subscription(t *testing.T, server *janustest.Server) request {
	t.Helper()
	found := requests(t, server, subscribing)
	return found[len(found)-1]
}

// There is one offer at a time: the next one comes when the last one is answered, and
// has everything that has changed since.
func TestOneOffer(t *testing.T) {
	server, program, _, bob, offer := talk(t)
	cyd, dan := program.join("Cyd"), program.join("Dan")
	cyd.publish()
	dan.publish()
	program.join("Eve") // when Janus answers this, it has announced Dan
	for _, m := range settle(t, server, bob) {
		if m.Type == "offer" {
			t.Errorf("another offer: %s", m.Text)
		}
	}
	updates := func() int { return len(requests(t, server, named("update"))) }
	if n := updates(); n > 2 { // of Cyd and Dan, who have not answered either
		t.Errorf("%d requests for offers", n)
	}
	starts := func() int { return len(requests(t, server, named("start"))) }
	bob.send(map[string]any{"type": "answer", "offer": offer.Offer + 1, "sdp": sdpAnswer(offer.SDP)}) // to none
	bob.settle()
	if n := starts(); n != 0 {
		t.Errorf("%d answers to no offer were passed on", n)
	}
	bob.answer(offer)
	next := bob.await("offer")
	if len(next.Streams) != 6 || next.Offer != offer.Offer+1 || next.Fresh {
		t.Errorf("the next offer is %s", next.Text)
	}
	bob.answer(offer) // once more: it is late
	bob.settle()
	if n := starts(); n != 1 {
		t.Errorf("%d answers to one offer were passed on", n)
	}
	bob.answer(next)
	cyd.send(`{"type":"leave"}`)
	third := bob.await("offer") // unasked
	if len(third.Streams) != 4 {
		t.Errorf("the offer after Cyd has left is %s", third.Text)
	}
}

// An update that meets another offer of Janus is postponed by it. What has changed
// since then is not requested before its offer is there, because its streams would be
// received twice.
func TestPostponed(t *testing.T) {
	server, program, ada, bob, offer := talk(t)
	number := json.RawMessage(ada.id)
	streams := func(feeds ...string) []object {
		var list []object
		for i, feed := range feeds {
			for j, kind := range []string{"audio", "video"} {
				mid := json.RawMessage([]string{"0", "1", "2", "3"}[2*i+j])
				list = append(list, object{
					"type": kind, "active": true, "mindex": mid, "mid": string(mid),
					"feed_id": json.RawMessage(feed), "feed_mid": []string{"0", "1"}[j],
				})
			}
		}
		return list
	}
	to := subscription(t, server)
	updated := func(feeds ...string) {
		notify(t, server, to, object{"videoroom": "updated", "room": 4242, "streams": streams(feeds...)},
			object{"type": "offer", "sdp": offer.SDP})
	}
	server.Intercept(func(frame json.RawMessage, reply func(any)) bool {
		r := decode(t, frame)
		if r.Handle != to.Handle {
			return false
		}
		switch r.Body.Request {
		case "update":
			updated(string(number)) // was on its way
			replyTo(r, reply, object{"videoroom": "updating", "room": 4242})
		case "start":
			replyTo(r, reply, object{"videoroom": "event", "room": 4242, "started": "ok"})
		default:
			return false
		}
		return true
	})
	updates := func() int {
		return len(requests(t, server, func(r request) bool { return r.Handle == to.Handle && r.Body.Request == "update" }))
	}

	bob.answer(offer)
	cyd := program.join("Cyd")
	cyd.publish()
	second := bob.await("offer")
	bob.answer(second)
	starts := func() int {
		return len(requests(t, server, func(r request) bool { return r.Handle == to.Handle && r.Body.Request == "start" }))
	}
	testutil.Eventually(t, "two answers", func() bool { return starts() == 2 })
	dan := program.join("Dan")
	dan.publish()
	program.join("Eve") // when Janus answers this, it has announced Dan
	settle(t, server, bob)
	if n := updates(); n != 1 {
		t.Errorf("%d updates while the first one is postponed", n)
	}
	updated(ada.id, cyd.id)
	bob.answer(bob.await("offer"))
	testutil.Eventually(t, "another update", func() bool { return updates() == 2 })
	last := requests(t, server, func(r request) bool { return r.Handle == to.Handle && r.Body.Request == "update" })[1]
	if len(last.Body.Subscribe) != 2 || strconv.FormatUint(last.Body.Subscribe[0].Feed, 10) != dan.id {
		t.Errorf("subscribed to %v", last.Body.Subscribe)
	}
}

// If Janus drops streams that are published, they are subscribed to again. That is so
// if a publisher goes and comes back before Janus has said that it had gone.
func TestStreamsAreMissing(t *testing.T) {
	server, _, ada, bob, offer := talk(t)
	bob.answer(offer)
	notify(t, server, subscription(t, server), object{"videoroom": "updated", "room": 4242, "streams": []object{
		{"type": "audio", "active": true, "mindex": 0, "mid": "0", "feed_id": json.RawMessage(ada.id), "feed_mid": "0"},
		{"type": "video", "active": false, "mindex": 1, "mid": "1"},
	}}, object{"type": "offer", "sdp": offer.SDP})
	next := bob.await("offer")
	if len(next.Streams) != 1 {
		t.Errorf("the offer is %s", next.Text)
	}
	bob.answer(next)
	testutil.Eventually(t, "an update", func() bool { return len(requests(t, server, named("update"))) == 1 })
	update := requests(t, server, named("update"))[0].Body
	if len(update.Subscribe) != 1 || update.Subscribe[0].Mid != "1" {
		t.Errorf("subscribed to %v", update.Subscribe)
	}
}

// Somebody who was kicked is not received any more. Janus does not see to that by
// itself, and does not know the publisher any more when it is asked.
func TestKickedIsNotReceived(t *testing.T) {
	server, _, ada, bob, offer := talk(t)
	bob.answer(offer)
	kicked := object{"videoroom": "event", "room": 4242, "kicked": json.RawMessage(ada.id)}
	notify(t, server, publisherOf(t, server, "Bob"), kicked, nil)
	testutil.Eventually(t, "an update", func() bool { return len(requests(t, server, named("update"))) == 1 })
	streams := requests(t, server, named("update"))[0].Body.Unsubscribe
	if len(streams) != 2 || streams[0].SubMid != "0" || streams[1].SubMid != "1" || streams[0].Feed != 0 {
		t.Errorf("unsubscribed from %v", streams)
	}
	if next := bob.await("offer"); len(next.Streams) != 0 {
		t.Errorf("the next offer is %s", next.Text)
	}
}

// A publisher that Janus does not know yet, or any more, is no reason to give up.
func TestSubscribeAgain(t *testing.T) {
	server := testutil.NewServer(t, nil)
	program := start(t, server.URL, nil)
	ada, bob := program.join("Ada"), program.join("Bob")
	refused := refuse(t, server, 428, subscribing)
	ada.publish()
	<-refused
	notify(t, server, publisherOf(t, server, "Bob"), object{"videoroom": "event", "room": 4242, "leaving": 5}, nil)
	if offer := bob.await("offer"); len(offer.Streams) != 2 || !offer.Fresh {
		t.Errorf("the offer is %s", offer.Text)
	}
}

// An ICE restart waits for the answer to the offer before it.
func TestRestartDown(t *testing.T) {
	server, _, ada, bob, offer := talk(t)
	ada.send(`{"type":"restart","pc":"down"}`) // receives nothing
	ada.send(`{"type":"restart","pc":"up"}`)   // is up to her
	if m := ada.await("error"); m.Code != "bad-message" || m.Re != "restart" {
		t.Errorf("Ada is told %s", m.Text)
	}
	bob.send(`{"type":"restart","pc":"down"}`)
	restarts := func() int { return len(requests(t, server, func(r request) bool { return r.Body.Restart })) }
	settle(t, server, bob)
	if n := restarts(); n != 0 {
		t.Errorf("%d restarts before the answer", n)
	}
	bob.answer(offer)
	if m := bob.await("offer"); m.Fresh || m.Offer != offer.Offer+1 || len(m.Streams) != 2 {
		t.Errorf("the offer is %s", m.Text)
	}
	if n := restarts(); n != 1 {
		t.Errorf("%d restarts, want 1", n)
	}
}

// If Janus refuses a restart, or makes no offer for it, the subscription goes on as it was.
func TestRestartIsRefused(t *testing.T) {
	for what, answer := range map[string]object{
		"refused":  {"videoroom": "event", "error_code": 499, "error": "refused"},
		"no offer": {"videoroom": "event", "room": 4242, "configured": "ok"},
	} {
		t.Run(what, func(t *testing.T) {
			server, program, _, bob, offer := talk(t)
			answered := make(chan struct{})
			server.Intercept(func(frame json.RawMessage, reply func(any)) bool {
				r := decode(t, frame)
				if r.Body.Restart {
					replyTo(r, reply, answer)
					close(answered)
				}
				return r.Body.Restart
			})
			bob.answer(offer)
			bob.send(`{"type":"restart","pc":"down"}`)
			<-answered
			program.join("Cyd").publish()
			if next := bob.await("offer"); len(next.Streams) != 4 {
				t.Errorf("the next offer is %s", next.Text)
			}
		})
	}
}

// Janus does not answer the request for a restart if it has just sent another offer.
func TestRestartMeetsOffer(t *testing.T) {
	server, _, ada, bob, offer := talk(t)
	to := subscription(t, server)
	asked := make(chan bool, 1)
	server.Intercept(func(frame json.RawMessage, _ func(any)) bool {
		r := decode(t, frame)
		if r.Body.Restart {
			asked <- true
		}
		return r.Body.Restart
	})
	bob.answer(offer)
	bob.send(`{"type":"restart","pc":"down"}`)
	<-asked
	send := func(sdp string) {
		notify(t, server, to, object{"videoroom": "updated", "room": 4242, "streams": []object{{
			"type": "video", "active": true, "mindex": 1, "mid": "1", "feed_id": json.RawMessage(ada.id), "feed_mid": "1",
		}}}, object{"type": "offer", "sdp": sdp})
	}
	send(offer.SDP)
	m := bob.await("offer")
	if len(m.Streams) != 1 {
		t.Errorf("the unasked offer is %s", m.Text)
	}
	bob.answer(m)
	send("restarted")
	if m := bob.await("offer"); m.SDP != "restarted" {
		t.Errorf("the offer after that is %s", m.Text)
	}
}

// A page chooses the layers of what it receives, and is told what arrives.
func TestLayer(t *testing.T) {
	server, _, _, bob, offer := talk(t)
	bob.answer(offer)
	for _, wrong := range []string{`{"type":"layer","mid":"1","substream":3}`, `{"type":"layer","mid":"1","substream":-1}`} {
		bob.send(wrong)
		if m := bob.await("error"); m.Code != "bad-message" {
			t.Errorf("%s: %s", wrong, m.Text)
		}
	}
	bob.send(`{"type":"layer","mid":"9","substream":1}`) // not there
	bob.send(`{"type":"layer","mid":"1","substream":1}`)
	notify(t, server, subscription(t, server), object{"videoroom": "event", "room": 4242, "mid": "1", "substream": 1}, nil)
	if m := bob.await("layer"); m.Mid != "1" || m.Substream != 1 {
		t.Errorf("the layer is %s", m.Text)
	}
	var layers []request
	testutil.Eventually(t, "a request", func() bool {
		layers = requests(t, server, func(r request) bool {
			return r.Body.Request == "configure" && len(r.Body.Streams) > 0 && r.Body.Streams[0].Substream != nil
		})
		return len(layers) == 1
	})
	if s := layers[0].Body.Streams[0]; s.Mid != "1" || *s.Substream != 1 {
		t.Errorf("the request is %v", s)
	}
}

// When Janus has closed the PeerConnection, or the handle is gone, the subscription is
// made again.
func TestSubscriptionEnds(t *testing.T) {
	server, _, _, bob, offer := talk(t)
	bob.answer(offer)
	first := subscription(t, server)
	err := server.Send(first.Session, object{"janus": "hangup", "session_id": first.Session, "sender": first.Handle, "reason": "ICE failed"})
	if err != nil {
		t.Fatal(err)
	}
	if m := bob.await("pc"); m.PC != "down" || m.State != "hangup" || m.Reason != "ICE failed" {
		t.Errorf("Bob is told %s", m.Text)
	}
	next := bob.await("offer")
	if !next.Fresh || next.Offer != offer.Offer+1 {
		t.Errorf("the next offer is %s", next.Text)
	}
	second := subscription(t, server)
	server.Detach(second.Session, second.Handle)
	if third := bob.await("offer"); !third.Fresh || third.Offer != next.Offer+1 {
		t.Errorf("the third offer is %s", third.Text)
	}
	testutil.Eventually(t, "only the handles that are in use", func() bool { return len(server.Handles(first.Session)) == 4 })
}

// After the end of its PeerConnection a page publishes again.
func TestPublishAgain(t *testing.T) {
	server := testutil.NewServer(t, nil)
	program := start(t, server.URL, nil)
	ada := program.join("Ada")
	ada.publish()
	ada.awaitPerson("the camera", ada.id, func(who person) bool { return who.Camera })
	handle := publisherOf(t, server, "Ada")
	send := func(frame object) {
		frame["session_id"], frame["sender"] = handle.Session, handle.Handle
		if err := server.Send(handle.Session, frame); err != nil {
			t.Fatal(err)
		}
	}
	send(object{"janus": "webrtcup"})
	if m := ada.await("pc"); m.PC != "up" || m.State != "up" {
		t.Errorf("Ada is told %s", m.Text)
	}
	send(object{"janus": "trickle", "candidate": object{"candidate": "candidate:1", "sdpMid": "0"}})
	if m := ada.await("candidate"); m.PC != "up" || string(m.Candidate) != `{"candidate":"candidate:1","sdpMid":"0"}` {
		t.Errorf("Ada is told %s", m.Text)
	}
	send(object{"janus": "trickle", "candidate": object{"completed": true}})
	if m := ada.await("candidate"); string(m.Candidate) != "null" {
		t.Errorf("Ada is told %s", m.Text)
	}
	send(object{"janus": "hangup", "reason": "ICE failed"})
	ada.awaitPerson("no camera", ada.id, func(who person) bool { return !who.Camera })
	if m := ada.await("pc"); m.PC != "up" || m.State != "hangup" {
		t.Errorf("Ada is told %s", m.Text)
	}
	ada.send(publishMessage("bbbb", nil))
	testutil.Eventually(t, "another publish", func() bool { return len(requests(t, server, named("publish"))) == 2 })
}

// Candidates that come before the description that they belong to are kept.
func TestEarlyCandidates(t *testing.T) {
	server := testutil.NewServer(t, nil)
	program := start(t, server.URL, nil)
	ada, bob := program.join("Ada"), program.join("Bob")
	ada.send(`{"type":"candidate","pc":"up","candidate":{"candidate":"candidate:1","sdpMid":"0","sdpMLineIndex":0}}`)
	ada.publish()
	ada.send(`{"type":"candidate","pc":"up","candidate":null}`)
	offer := bob.await("offer")
	bob.send(`{"type":"candidate","pc":"down","candidate":{"candidate":"candidate:2","sdpMid":"0"}}`)
	bob.answer(offer)
	bob.send(`{"type":"candidate","pc":"down","candidate":{"candidate":"","sdpMid":"0"}}`)

	candidates := func(handle uint64) (list []string) {
		for _, r := range requests(t, server, func(r request) bool { return r.Handle == handle }) {
			switch {
			case r.JSEP != nil:
				list = append(list, r.Body.Request)
			case r.Candidate["completed"] == true:
				list = append(list, "completed")
			case r.Candidate != nil:
				list = append(list, r.Candidate["candidate"].(string))
			}
		}
		return list
	}
	check := func(handle uint64, want ...string) {
		t.Helper()
		var got []string
		testutil.Eventually(t, "all candidates", func() bool {
			got = candidates(handle)
			return len(got) >= len(want)
		})
		if string(encode(got)) != string(encode(want)) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	check(publisherOf(t, server, "Ada").Handle, "publish", "candidate:1", "completed")
	check(subscription(t, server).Handle, "start", "candidate:2", "completed")
}
