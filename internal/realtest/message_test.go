package realtest

import (
	"fmt"
	"strings"
	"testing"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/realjanus"
)

// Message: on success, an EventMsg will be returned; here the plugin answers
// with an event later.
func TestMessageReturnsTheEvent(t *testing.T) {
	ctx := testContext(t)
	_, session := create(ctx, t, realjanus.Options{})
	handle := attach(ctx, t, session, echotest)
	event := message(ctx, t, handle, object{"audio": true, "video": false})
	if event.Plugindata.Plugin != echotest || event.Plugindata.Data["result"] != "ok" {
		t.Errorf("the plugin answered %+v", event.Plugindata)
	}
	if event.Session != session.ID || event.Handle != handle.ID || event.Jsep != nil {
		t.Errorf("the event is of session %d, handle %d, with jsep %v", event.Session, event.Handle, event.Jsep)
	}
}

// Message: the same where the plugin answers at once.
func TestMessageReturnsASynchronousAnswer(t *testing.T) {
	ctx := testContext(t)
	_, session := create(ctx, t, realjanus.Options{})
	handle := attach(ctx, t, session, videoroom)
	event := message(ctx, t, handle, object{"request": "create", "room": 4321})
	if event.Plugindata.Data["room"] != 4321.0 || event.Session != session.ID || event.Handle != handle.ID {
		t.Errorf("the answer to create is %+v", event)
	}
}

// Message: jsep should contain an SDP offer, and Jsep holds the answer.
func TestMessageCarriesAnOfferAndItsAnswer(t *testing.T) {
	ctx := testContext(t)
	_, session := create(ctx, t, realjanus.Options{ICEEnforceList: realjanus.MediaAddress(t)})
	handle := attach(ctx, t, session, echotest)
	offer := object{"type": "offer", "sdp": audioOffer}
	event, err := handle.Message(ctx, "", object{"audio": true}, offer)
	if err != nil {
		t.Fatal(err)
	}
	sdp, _ := event.Jsep["sdp"].(string)
	if event.Jsep["type"] != "answer" || !strings.Contains(sdp, "m=audio") {
		t.Errorf("the answer is %v", event.Jsep)
	}
	candidate := object{"candidate": "candidate:1 1 udp 2130706431 127.0.0.1 9 typ host", "sdpMid": "0", "sdpMLineIndex": 0}
	if ack, err := handle.Trickle(ctx, "", candidate); err != nil || ack == nil {
		t.Errorf("Trickle returned %v, %v", ack, err)
	}
}

// audioOffer is an SDP offer of Opus by a peer that will not be connected.
var audioOffer = strings.Join([]string{
	"v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0",
	"m=audio 9 UDP/TLS/RTP/SAVPF 111", "c=IN IP4 0.0.0.0", "a=mid:0", "a=sendrecv", "a=rtcp-mux",
	"a=rtpmap:111 opus/48000/2", "a=setup:actpass", "a=ice-ufrag:ufrag", "a=ice-pwd:passwordpasswordpassword",
	"a=fingerprint:sha-256 " + strings.TrimSuffix(strings.Repeat("AB:", 32), ":"), "",
}, "\r\n")

// Request: sends a sync request.
func TestRequestReturnsTheAnswer(t *testing.T) {
	ctx := testContext(t)
	_, session := create(ctx, t, realjanus.Options{})
	handle := attach(ctx, t, session, videoroom)
	created := request(ctx, t, handle, object{"request": "create", "room": 1234, "description": "here"})
	if created.PluginData.Plugin != videoroom || created.PluginData.Data["room"] != 1234.0 {
		t.Errorf("the answer to create is %+v", created.PluginData)
	}
	if created.Session != session.ID || created.Handle != handle.ID {
		t.Errorf("the answer is of session %d, handle %d", created.Session, created.Handle)
	}
	exists := request(ctx, t, handle, object{"request": "exists", "room": 1234})
	if exists.PluginData.Data["exists"] != true {
		t.Errorf("the answer to exists is %v", exists.PluginData.Data)
	}
	list := request(ctx, t, handle, object{"request": "list"})
	if rooms, _ := list.PluginData.Data["list"].([]any); len(rooms) != 1 {
		t.Errorf("the answer to list is %v, want the one room", list.PluginData.Data)
	}
}

// Request: returns also what the plugin answers with an event.
func TestRequestReturnsAnAsynchronousAnswer(t *testing.T) {
	ctx := testContext(t)
	_, session := create(ctx, t, realjanus.Options{})
	handle := attach(ctx, t, session, echotest)
	answer := request(ctx, t, handle, object{"audio": true})
	if answer.PluginData.Data["result"] != "ok" || answer.Handle != handle.ID {
		t.Errorf("the answer is %+v", answer)
	}
}

// Plugin errors are no errors of the call: the plugin's data holds them.
func TestPluginErrorsComeInTheAnswer(t *testing.T) {
	ctx := testContext(t)
	_, session := create(ctx, t, realjanus.Options{})
	handle := attach(ctx, t, session, videoroom)
	join := object{"request": "join", "ptype": "publisher", "room": 99}
	event, err := handle.Message(ctx, "", join, nil)
	if err != nil {
		t.Fatal(err)
	}
	if event.Plugindata.Data["error_code"] != 426.0 || event.Plugindata.Data["error"] == "" {
		t.Errorf("the answer to join is %v, want error_code 426", event.Plugindata.Data)
	}
	success, err := handle.Request(ctx, "", object{"request": "listparticipants", "room": 99})
	if err != nil {
		t.Fatal(err)
	}
	if success.PluginData.Data["error_code"] != 426.0 {
		t.Errorf("the answer to listparticipants is %v, want error_code 426", success.PluginData.Data)
	}
}

// Trickle and TrickleMany: on success, an AckMsg will be returned.
func TestTrickleIsAcknowledged(t *testing.T) {
	ctx := testContext(t)
	_, session := create(ctx, t, realjanus.Options{})
	handle := attach(ctx, t, session, echotest)
	candidate := func(port int) object {
		return object{
			"candidate": fmt.Sprintf("candidate:1 1 udp 2130706431 127.0.0.1 %d typ host", port),
			"sdpMid":    "0", "sdpMLineIndex": 0,
		}
	}
	if ack, err := handle.Trickle(ctx, "", candidate(9)); err != nil || ack == nil {
		t.Errorf("Trickle returned %v, %v", ack, err)
	}
	if ack, err := handle.TrickleMany(ctx, "", []object{candidate(10), candidate(11)}); err != nil || ack == nil {
		t.Errorf("TrickleMany returned %v, %v", ack, err)
	}
	if ack, err := handle.Trickle(ctx, "", object{"completed": true}); err != nil || ack == nil {
		t.Errorf("Trickle of the end returned %v, %v", ack, err)
	}
}

// Events: everything related to the handle, in the order in which it came.
func TestEventsOfARoomComeInOrder(t *testing.T) {
	const guests = 30
	ctx := testContext(t)
	_, session := create(ctx, t, realjanus.Options{})
	host := attach(ctx, t, session, videoroom)
	request(ctx, t, host, object{"request": "create", "room": 1234, "publishers": guests + 1, "notify_joining": true})
	message(ctx, t, host, join("host"))

	var attached []*janus.Handle
	var ids []any
	for i := range guests {
		guest := attach(ctx, t, session, videoroom)
		joined := message(ctx, t, guest, join(guestName(i)))
		attached, ids = append(attached, guest), append(ids, joined.Plugindata.Data["id"])
	}
	for _, guest := range attached {
		message(ctx, t, guest, object{"request": "leave"})
	}

	// Nothing was read so far: the messages must have been kept.
	for i := range guests {
		event := next[*janus.EventMsg](ctx, t, host.Events)
		joining, _ := event.Plugindata.Data["joining"].(object)
		if joining["display"] != guestName(i) || joining["id"] != ids[i] {
			t.Fatalf("event %d is %v, want that %s joined", i, event.Plugindata.Data, guestName(i))
		}
	}
	for i := range guests {
		event := next[*janus.EventMsg](ctx, t, host.Events)
		if event.Plugindata.Data["leaving"] != ids[i] || event.Handle != host.ID {
			t.Fatalf("event %d is %v, want that %s left", guests+i, event.Plugindata.Data, guestName(i))
		}
	}
}

func guestName(i int) string { return fmt.Sprintf("guest %d", i) }

func join(name string) object {
	return object{"request": "join", "ptype": "publisher", "room": 1234, "display": name}
}

// An answer may be longer than a websocket message may be by default.
func TestLongAnswerArrives(t *testing.T) {
	const rooms, length = 200, 200
	ctx := testContext(t)
	_, session := create(ctx, t, realjanus.Options{})
	handle := attach(ctx, t, session, videoroom)
	description := strings.Repeat("r", length)
	for room := range rooms {
		request(ctx, t, handle, object{"request": "create", "room": room + 1, "description": description})
	}
	list := request(ctx, t, handle, object{"request": "list"})
	if listed, _ := list.PluginData.Data["list"].([]any); len(listed) != rooms {
		t.Errorf("the list has %d rooms, want %d", len(listed), rooms)
	}
}
