package janustest_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cameronelliott/janus-go/janustest"
)

// What real Janus servers said in testdata and the stand-in does not say, or
// says otherwise. All else must be the same, to the order of the keys, apart from
// the values in volatile.
var outside = []struct {
	why   string
	match func(f record) bool
}{
	{"there is no ICE, so the server has no candidates to trickle",
		func(f record) bool { return f.Janus == "trickle" }},
	{"no PeerConnection comes up",
		func(f record) bool { return f.Janus == "webrtcup" }},
	{"no media arrive",
		func(f record) bool { return f.Janus == "media" || f.Janus == "slowlink" }},
	{"the Admin API is not served; Timeout stands for its set_session_timeout",
		func(f record) bool { return f.API == "admin" }},
}

// The values that differ from one run to the next.
var volatile = map[string]bool{"sdp": true, "private_id": true, "stream_id": true}

// A record is a line of testdata.
type record struct {
	API   string          `json:"api"`
	Dir   string          `json:"dir"`
	Raw   string          `json:"raw"`
	Frame json.RawMessage `json:"frame"`

	message `json:"-"` // what the frame says
	conn    int        // the connection it belongs to
}

func readRecords(t *testing.T, version, scene string) []record {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "janus-"+version, scene+".jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var records []record
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	conn, seen := 0, map[string]bool{}
	for lines.Scan() {
		var r record
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		if r.Frame != nil {
			// Some recorded frames are wrong on purpose.
			_ = json.Unmarshal(r.Frame, &r.message)
		}
		if r.API == "janus" && r.Dir == "out" && r.Transaction != "" {
			// Transactions start anew with each connection of the recorder.
			if seen[r.Transaction] {
				conn, seen = conn+1, map[string]bool{}
			}
			seen[r.Transaction] = true
		}
		r.conn = conn
		records = append(records, r)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return records
}

func TestReplay(t *testing.T) {
	for _, version := range []string{"1.1.2", "1.4.2"} {
		for _, scene := range []string{"core", "claim", "timeout", "echotest", "videoroom"} {
			t.Run(version+"/"+scene, func(t *testing.T) {
				t.Parallel()
				replay(t, version, readRecords(t, version, scene))
			})
		}
	}
}

// A replayer sends what was recorded, and collects what comes.
type replayer struct {
	t      *testing.T
	server *janustest.Server
	client *client
	ids    map[uint64]uint64 // recorded to live

	// The frames by transaction, and without one, in text that can be compared.
	want, got map[string][]string
}

func replay(t *testing.T, version string, records []record) {
	r := &replayer{t: t, ids: map[uint64]uint64{}, want: map[string][]string{}, got: map[string][]string{}}
	r.server = newServer(t, func(s *janustest.Server) {
		s.Version = version
		s.ReclaimTimeout = 10 * time.Second
	})
	for _, rec := range records {
		if rec.Dir == "in" && !isOutside(rec) {
			key := key(rec.conn, rec.Transaction)
			r.want[key] = append(r.want[key], canonical(t, rec.Frame))
		}
	}
	conn := -1
	for i, rec := range records {
		switch {
		case rec.Dir == "in":
		case rec.API == "admin" && rec.Janus == "set_session_timeout":
			r.server.Timeout(r.ids[rec.Session])
		case rec.API == "janus":
			if rec.conn != conn {
				r.reconnect()
				conn = rec.conn
			}
			r.send(rec, records[i:])
		}
	}
	r.drain(conn)
	r.compare()
}

func isOutside(r record) bool {
	for _, o := range outside {
		if o.match(r) {
			return true
		}
	}
	return false
}

func key(conn int, transaction string) string {
	if transaction == "" {
		return "unasked"
	}
	return fmt.Sprintf("connection %d, %s", conn, transaction)
}

func (r *replayer) reconnect() {
	if r.client != nil {
		r.client.close()
		waitFor(r.t, "the connection to go", func() bool { return r.server.Connections() == 0 })
	}
	r.client = dial(r.t, r.server)
}

// send sends one recorded request with the ids of now, and waits for as many
// answers as were recorded.
func (r *replayer) send(rec record, later []record) {
	text := string(rec.Frame)
	if rec.Frame == nil {
		text = rec.Raw
	}
	for recorded, live := range r.ids {
		text = strings.ReplaceAll(text, fmt.Sprint(recorded), fmt.Sprint(live))
	}
	r.client.write([]byte(text))
	k := key(rec.conn, rec.Transaction)
	if k == "unasked" {
		return
	}
	for len(r.got[k]) < len(r.want[k]) {
		r.receive(rec.conn, r.client.next(), later)
	}
}

func (r *replayer) receive(conn int, msg message, later []record) {
	if msg.Data.ID != 0 {
		r.learn(conn, msg, later)
	}
	text := string(msg.text)
	for recorded, live := range r.ids {
		text = strings.ReplaceAll(text, fmt.Sprint(live), fmt.Sprint(recorded))
	}
	k := key(conn, msg.Transaction)
	r.got[k] = append(r.got[k], canonical(r.t, []byte(text)))
}

// learn notes which recorded id a new one stands for.
func (r *replayer) learn(conn int, msg message, later []record) {
	for _, rec := range later {
		if rec.Dir == "in" && rec.conn == conn && rec.Transaction == msg.Transaction && rec.Data.ID != 0 {
			r.ids[rec.Data.ID] = msg.Data.ID
			return
		}
	}
}

// drain reads what is left: the answer to a ping comes behind all else.
func (r *replayer) drain(conn int) {
	ping := r.client.send(m{"janus": "ping"})
	for {
		msg := r.client.next()
		if msg.Transaction == ping && msg.Janus == "pong" {
			return
		}
		r.receive(conn, msg, nil)
	}
}

// compare compares all frames. Those of one transaction, and the unasked ones,
// may come in any order: Janus itself sends an event before its ack at times.
func (r *replayer) compare() {
	keys := slices.Sorted(maps.Keys(r.want))
	for k := range r.got {
		if r.want[k] == nil {
			keys = append(keys, k)
		}
	}
	for _, k := range keys {
		slices.Sort(r.want[k])
		slices.Sort(r.got[k])
		if !slices.Equal(r.want[k], r.got[k]) {
			r.t.Errorf("%s:\n got %s\nwant %s", k,
				strings.Join(r.got[k], "\n     "), strings.Join(r.want[k], "\n     "))
		}
	}
}

// canonical writes a frame for comparison, with the keys in their order.
func canonical(t *testing.T, text []byte) string {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	info := bytes.Contains(text, []byte(`"server_info"`))
	s, err := canonicalValue(dec, "", info)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	// The recorder closed a PeerConnection just before Janus did.
	return strings.ReplaceAll(s, `"reason":DTLS alert`, `"reason":Close PC`)
}

// shallow are the objects of a server_info that depend on how Janus was built.
var shallow = map[string]bool{"transports": true, "events": true, "loggers": true, "plugins": true}

func canonicalValue(dec *json.Decoder, name string, info bool) (string, error) {
	token, err := dec.Token()
	if err != nil {
		return "", err
	}
	var parts []string
	switch token {
	case json.Delim('{'):
		for dec.More() {
			key, err := dec.Token()
			if err != nil {
				return "", err
			}
			value, err := canonicalValue(dec, key.(string), info)
			if err != nil {
				return "", err
			}
			parts = append(parts, fmt.Sprintf("%q:%s", key, value))
		}
		if info && shallow[name] {
			parts = nil
		}
		_, err = dec.Token()
		return "{" + strings.Join(parts, ",") + "}", err
	case json.Delim('['):
		for dec.More() {
			value, err := canonicalValue(dec, "", info)
			if err != nil {
				return "", err
			}
			parts = append(parts, value)
		}
		if name == "allowed" { // a hash table in Janus
			slices.Sort(parts)
		}
		_, err = dec.Token()
		return "[" + strings.Join(parts, ",") + "]", err
	}
	if volatile[name] || info && (name == "compile-time" || name == "local-ip") {
		return fmt.Sprintf("(%T)", token), nil
	}
	return fmt.Sprint(token), nil
}
