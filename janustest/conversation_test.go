package janustest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cameronelliott/janus-go/internal/realjanus"
	"github.com/cameronelliott/janus-go/janustest"
)

// TestConversation has one conversation with the VideoRoom of the installed
// Janus and with the stand-in, and compares all that they say. Nothing but the
// values in masked may differ.
//
// No PeerConnection comes up here, so the real Janus does not announce who
// publishes with an offer. TestReplay has recordings of that.
func TestConversation(t *testing.T) {
	for _, ids := range []string{"numbers", "strings"} {
		t.Run(ids, func(t *testing.T) {
			stringIDs := ids == "strings"
			url, version := startJanus(t, stringIDs)
			s := newServer(t, func(s *janustest.Server) { s.Version, s.StringIDs = version, stringIDs })
			id := func(n int) any { return n }
			if stringIDs {
				id = func(n int) any { return fmt.Sprint("id-", n) }
			}
			steps := conversation(id)
			emptyRooms(t, s, stringIDs)
			got := converse(t, s.URL, steps, nil)
			want := converse(t, url, steps, got)
			for i, step := range steps {
				for _, name := range speakers {
					g, w := got[i][name], want[i][name]
					if !slices.Equal(g, w) {
						t.Errorf("%d: %s asks %v %s; %s gets\n\t%s\nand from Janus %s\n\t%s", i, step.who, step.body, step.jsep,
							name, strings.Join(without(g, w), "\n\t"), version, strings.Join(without(w, g), "\n\t"))
					}
				}
			}
		})
	}
}

// emptyRooms destroys the rooms that the real Janus does not have here.
func emptyRooms(t *testing.T, s *janustest.Server, stringIDs bool) {
	t.Helper()
	g := newGuest(t, s)
	for _, room := range []int{1234, 5678} {
		var id any = room
		if stringIDs {
			id = fmt.Sprint(room)
		}
		g.ask(m{"request": "destroy", "room": id, "secret": "adminpwd"})
	}
	g.close()
}

// without returns what is in a and not in b.
func without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}

// startJanus runs the installed Janus, and returns its address and version.
func startJanus(t *testing.T, stringIDs bool) (url, version string) {
	t.Helper()
	dir := t.TempDir()
	if stringIDs {
		config := filepath.Join(dir, "janus.plugin.videoroom.jcfg")
		if err := os.WriteFile(config, []byte("general: {\n\tstring_ids = true\n}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	server, err := realjanus.Run(context.Background(), dir, realjanus.Options{})
	if errors.Is(err, realjanus.ErrNotInstalled) && os.Getenv("JANUS_TEST") != "require" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	var info struct {
		Version string `json:"version_string"`
	}
	if err := json.Unmarshal(dialURL(t, server.URL).ask(m{"janus": "info"}).text, &info); err != nil {
		t.Fatal(err)
	}
	return server.URL, info.Version
}

// speakers are those who take part in a conversation: viewer as a subscriber, the
// others as publishers.
var speakers = []string{"host", "guest", "viewer", "solo", "late", "odd"}

// A step is one request of a conversation.
type step struct {
	who  string
	body m
	jsep string // offer, answer or nothing
}

// A transcript has what each speaker got after each step.
type transcript []map[string][]string

// A speaker is a handle with a connection of its own.
type speaker struct {
	*guest
	name   string
	offer  string       // the last one that it got
	frames chan message // closed when the connection ends
}

func newSpeaker(t *testing.T, url, name string) *speaker {
	t.Helper()
	g := &guest{client: dialURL(t, url)}
	g.sid = g.session()
	g.handle = g.client.handle(g.sid, videoroom)
	s := &speaker{guest: g, name: name, frames: make(chan message, 100)}
	go func() {
		defer close(s.frames)
		for {
			text, err := g.readForever()
			if err != nil {
				return
			}
			msg := message{text: text}
			if json.Unmarshal(text, &msg) == nil {
				s.frames <- msg
			}
		}
	}()
	return s
}

// receive returns the next frame, or false if it does not come.
func (s *speaker) receive() (message, bool) {
	select {
	case msg, ok := <-s.frames:
		return msg, ok
	case <-time.After(lateness):
		return message{}, false
	}
}

// lateness is how long a test waits for a frame that may never come.
const lateness = 5 * time.Second

// converse has a conversation with a server. expected, which may be nil, says how
// many frames each speaker should get: a real Janus sends some of them late.
func converse(t *testing.T, url string, steps []step, expected transcript) transcript {
	t.Helper()
	everybody := map[string]*speaker{}
	for _, name := range speakers {
		everybody[name] = newSpeaker(t, url, name)
	}
	var heard transcript
	for i, step := range steps {
		everybody[step.who].say(step)
		order := append([]string{step.who}, speakers...) // the one who asks first
		got := map[string][]string{}
		for _, name := range order {
			n := 0
			if expected != nil {
				n = len(expected[i][name]) - len(got[name])
			}
			got[name] = append(got[name], everybody[name].listen(fmt.Sprintf("step %d, %v", i, step), n)...)
		}
		for name := range got {
			slices.Sort(got[name])
		}
		heard = append(heard, got)
	}
	return heard
}

// say sends a request.
func (s *speaker) say(step step) {
	s.t.Helper()
	request := m{"janus": "message", "session_id": s.sid, "handle_id": s.handle, "body": step.body}
	switch step.jsep {
	case "offer":
		request["jsep"] = m{"type": "offer", "sdp": fullOffer}
	case "answer":
		request["jsep"] = m{"type": "answer", "sdp": answerTo(s.offer)}
	}
	s.send(request)
}

// listen returns the frames that have come, n at least. To learn that there are no
// more, it sends a request that is always refused, by the thread that sends most
// events.
func (s *speaker) listen(what string, n int) []string {
	s.t.Helper()
	var heard []string
	hear := func(msg message) {
		if msg.JSEP.Type == "offer" {
			s.offer = msg.JSEP.SDP
		}
		if msg.Plugindata.Plugin != "" || msg.Janus == "error" || msg.Janus == "ack" {
			heard = append(heard, render(s.t, msg))
		}
	}
	for len(heard) < n {
		msg, ok := s.receive()
		if !ok {
			s.t.Errorf("%s: %s got %d frames, want %d", what, s.name, len(heard), n)
			break
		}
		hear(msg)
	}
	refused := m{"request": "start"}
	if s.name == "viewer" {
		refused = m{"request": "publish"}
	}
	transaction := s.send(m{"janus": "message", "session_id": s.sid, "handle_id": s.handle, "body": refused})
	for left := 2; left > 0; {
		msg, ok := s.receive()
		if !ok {
			s.t.Fatalf("%s: %s does not get its own refusal", what, s.name)
		}
		if msg.Transaction == transaction {
			left--
		} else {
			hear(msg)
		}
	}
	return heard
}

// masked are the values that differ from one server to the next.
var masked = []string{
	"sdp", "private_id", "stream_id", "audio_stream_id", "video_stream_id", "video_stream_id_2",
	"data_stream_id", "local_rtcp_port",
}

// unordered are the arrays that Janus keeps in hash tables.
var unordered = []string{"list", "participants", "publishers", "attendees", "allowed", "forwarders"}

// render writes what is compared of a frame.
func render(t testing.TB, msg message) string {
	t.Helper()
	var frame m
	if err := json.Unmarshal(msg.text, &frame); err != nil {
		t.Fatal(err)
	}
	if msg.Plugindata.Data["rtcp_port"] != nil { // of add_remote_publisher
		data := frame["plugindata"].(m)["data"].(m)
		data["port"], data["rtcp_port"] = "(masked)", "(masked)"
	}
	answers := ""
	if msg.Transaction != "" {
		answers = " as the answer"
	}
	plugindata, err := json.Marshal(mask("", frame["plugindata"]))
	if err != nil {
		t.Fatal(err)
	}
	jsep, err := json.Marshal(mask("", frame["jsep"]))
	if err != nil {
		t.Fatal(err)
	}
	if msg.Janus == "error" {
		return fmt.Sprintf("error%s: %d %s", answers, msg.Error.Code, msg.Error.Reason)
	}
	return fmt.Sprintf("%s%s: %s, jsep %s", msg.Janus, answers, plugindata, jsep)
}

func mask(name string, value any) any {
	switch v := value.(type) {
	case m:
		for name := range v {
			v[name] = mask(name, v[name])
		}
	case []any:
		for i := range v {
			v[i] = mask("", v[i])
		}
		if slices.Contains(unordered, name) {
			slices.SortFunc(v, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		}
	}
	if slices.Contains(masked, name) {
		return fmt.Sprintf("(%T)", value)
	}
	return value
}

const transport = "c=IN IP4 0.0.0.0\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\na=setup:actpass\r\n" +
	"a=fingerprint:sha-256 B0:0B:FC:D0:DC:2C:8C:BA:70:D5:99:DE:13:6D:9A:90:D5:6F:3A:E8:61:6D:FB:33:75:9C:54:AA:82:5F:F5:1E\r\n"

// fullOffer is an offer that a real Janus takes.
const fullOffer = "v=0\r\no=- 12 34 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE a v d\r\n" +
	"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n" + transport +
	"a=mid:a\r\na=sendrecv\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\n" +
	"m=video 9 UDP/TLS/RTP/SAVPF 96\r\n" + transport +
	"a=mid:v\r\na=sendonly\r\na=rtcp-mux\r\na=rtpmap:96 VP8/90000\r\n" +
	"m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n" + transport + "a=mid:d\r\na=sctp-port:5000\r\n"

// answerTo turns an offer of Janus into an answer.
func answerTo(offer string) string {
	var answer strings.Builder
	for line := range strings.Lines(offer) {
		name, _, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch name {
		case "a=candidate", "a=end-of-candidates", "a=ssrc", "a=msid", "a=ssrc-group":
			continue
		case "a=sendonly":
			line = "a=recvonly\r\n"
		case "a=setup":
			line = "a=setup:active\r\n"
		}
		answer.WriteString(line)
	}
	return answer.String()
}
