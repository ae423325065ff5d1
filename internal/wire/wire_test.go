package wire

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

// recorded calls f with every frame that real servers have sent, and every one
// that was sent to them, as the corpus in testdata has them.
func recorded(t testing.TB, f func(direction string, frame []byte)) {
	t.Helper()
	files, err := filepath.Glob("testdata/*.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recorded frames: %v", err)
	}
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(file)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var line struct {
				Dir   string
				Frame json.RawMessage
			}
			if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
				t.Fatal(err)
			}
			if line.Frame != nil {
				f(line.Dir, line.Frame)
			}
		}
		if err := errors.Join(lines.Err(), file.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

// Every field of a recorded frame that Frame knows has the value that
// encoding/json gives it.
func TestDecodeRecordedFrames(t *testing.T) {
	frames := 0
	recorded(t, func(direction string, frame []byte) {
		if direction != "in" {
			return
		}
		frames++
		var f Frame
		if err := new(Decoder).Decode(frame, &f); err != nil {
			t.Fatalf("%s: %v", frame, err)
		}
		var want struct {
			Janus, Transaction, Reason, Mid, Type string
			Session                               uint64 `json:"session_id"`
			Sender                                uint64
			Plugindata                            struct {
				Plugin string
				Data   map[string]any
			}
			Jsep map[string]any
		}
		if err := json.Unmarshal(frame, &want); err != nil {
			t.Fatal(err)
		}
		if f.Janus != want.Janus || string(f.Transaction) != want.Transaction || f.Session != want.Session || f.Sender != want.Sender ||
			f.Reason != want.Reason || f.Mid != want.Mid || f.Type != want.Type || f.Plugindata.Plugin != want.Plugindata.Plugin ||
			!reflect.DeepEqual(f.Plugindata.Data, want.Plugindata.Data) || !reflect.DeepEqual(f.Jsep, want.Jsep) {
			t.Errorf("%s decoded as %+v", frame, f)
		}
	})
	if frames < 100 {
		t.Errorf("only %d frames", frames)
	}
}

func TestDecodeWhatIsNoObject(t *testing.T) {
	for _, frame := range []string{"", " ", "{", "[]", `"x"`, "7", "null", "{} {}", "{]", `{"janus":"a",}`, strings.Repeat("[", 20000)} {
		err := new(Decoder).Decode([]byte(frame), new(Frame))
		if err == nil || !strings.Contains(err.Error(), "not a JSON object") {
			t.Errorf("%.20q: got %v", frame, err)
		}
		if err != nil && len(err.Error()) > 400 {
			t.Errorf("%.20q: the error quotes too much: %d bytes", frame, len(err.Error()))
		}
	}
	err := new(Decoder).Decode([]byte(`["token":"s3cret","x":"`+strings.Repeat("ä", 100)), new(Frame))
	if strings.Contains(err.Error(), "s3cret") || !strings.Contains(err.Error(), "…") {
		t.Errorf("got %v", err)
	}
}

func TestDecodeFieldsOfWrongTypes(t *testing.T) {
	for _, field := range []string{
		`"janus":5`, `"session_id":-1`, `"session_id":1e99`, `"sender":"x"`, `"data":[1]`, `"data":{"id":1.5}`,
		`"plugindata":{"data":[]}`, `"plugindata":7`, `"jsep":"x"`, `"error":{"code":"x"}`, `"candidate":[]`,
		`"plugindata":{"data":{"n":1e999}}`,
	} {
		var f Frame
		err := new(Decoder).Decode([]byte(`{`+field+`,"transaction":"T"}`), &f)
		var malformed *FieldError
		if !errors.As(err, &malformed) || malformed.Error() == "" {
			t.Errorf("%s: got %v", field, err)
		}
		if string(f.Transaction) != "T" {
			t.Errorf("%s: the rest of the frame is lost: %+v", field, f)
		}
	}
}

func TestRequestFields(t *testing.T) {
	loop := 0
	r := Request{
		Janus: "attach", Session: 1, Handle: 1 << 60, Token: "to\"ken\n", APISecret: "ä", ID: 3,
		Plugin: "p", OpaqueID: "o", LoopIndex: &loop, Body: json.RawMessage(`{"a":1}`),
		Jsep: json.RawMessage(`{"b":2}`), Candidate: json.RawMessage(`{"c":3}`), Candidates: json.RawMessage(`[4]`),
	}
	got := r.Append(nil, Transaction{Prefix: "pre.", Number: 35})
	const want = `{"janus":"attach","transaction":"pre.z","session_id":1,"handle_id":1152921504606846976,` +
		`"token":"to\"ken\n","apisecret":"ä","id":3,"plugin":"p","opaque_id":"o","loop_index":0,` +
		`"body":{"a":1},"jsep":{"b":2},"candidate":{"c":3},"candidates":[4]}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := string((&Request{Janus: "info"}).Append(nil, Transaction{})); got != `{"janus":"info","transaction":"0"}` {
		t.Errorf("zero fields are not left out: %s", got)
	}
}

func TestParseTransaction(t *testing.T) {
	for _, number := range []uint64{1, 35, 36, 1 << 63} {
		s := string(Transaction{"p.", number}.append(nil))
		if got, ok := ParseTransaction([]byte(s), "p."); !ok || got != number {
			t.Errorf("%s parsed as %d, %v", s, got, ok)
		}
	}
	for _, s := range []string{"", "p.", "p.0", "p.01", "p.+1", "q.1", "1", "p.!", "p.zzzzzzzzzzzzzzzz"} {
		if number, ok := ParseTransaction([]byte(s), "p."); ok {
			t.Errorf("%q parsed as %d", s, number)
		}
	}
}

func TestMask(t *testing.T) {
	tests := map[string]string{
		`{"token":"abc","x":1}`:                         `{"token":"***","x":1}`,
		`{"apisecret" : "a\"b" , "token":12}`:           `{"apisecret" : "***" , "token":"***"}`,
		`{"body":{"secret":"s","pin":"1","room":1234}}`: `{"body":{"secret":"***","pin":"***","room":1234}}`,
		`{"admin_secret":"cut off`:                      `{"admin_secret":"***"`,
		`{"allowed":["tok1","tok2"],"new_pin":"1"}`:     `{"allowed":"***","new_pin":"***"}`,
		`{"pin_required":true,"reason":"token"}`:        `{"pin_required":true,"reason":"token"}`,
	}
	for frame, want := range tests {
		if got := string(Mask([]byte(frame))); got != want {
			t.Errorf("%s masked as %s, want %s", frame, got, want)
		}
	}
}

// FuzzDecode holds the decoder to encoding/json: it accepts and rejects the same
// messages, and makes the same of their fields.
func FuzzDecode(f *testing.F) {
	recorded(f, func(_ string, frame []byte) { f.Add(frame) })
	for _, seed := range []string{
		`{"janus":"ack","session_id":1e400}`,
		`{"janus":"event","plugindata":{"plugin":null,"data":{"a":[{},null,true,"\ud800\udc00\ud800x",-0,1e5,-1.5]}},"jsep":{}}`,
		"{\"janus\":\"ä\\n€\",\"candidate\":{\"sdpMid\":null,\"sdpMLineIndex\":65536,\"completed\":true}}",
		`{"data":{"id":18446744073709551615},"seconds":-9223372036854775808,"substream":0,"error":{"code":1.0}}`,
		`{"a":0123}`, `{"a":"\u12"}`, `{"a":1}{`, `{"a":[1,]}`, `{"plugindata":{"data":{}},"plugindata":{}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if !utf8.Valid(b) {
			t.Skip("the socket has refused it")
		}
		input := bytes.Clone(b)
		var frame Frame
		var decoder Decoder
		err := decoder.Decode(b, &frame)
		if !bytes.Equal(b, input) {
			t.Fatal("the input was changed")
		}
		var object map[string]json.RawMessage
		isObject := json.Unmarshal(b, &object) == nil && object != nil
		if isObject != (err == nil || isFieldError(err)) {
			t.Fatalf("object: %v, but got %v", isObject, err)
		}
		if !isObject {
			return
		}
		same(t, object, "janus", frame.Janus, err)
		same(t, object, "transaction", string(frame.Transaction), err)
		same(t, object, "session_id", frame.Session, err)
		same(t, object, "seconds", frame.Seconds, err)
		same(t, object, "substream", frame.Substream, err)
		same(t, object, "receiving", frame.Receiving, err)
		same(t, object, "jsep", frame.Jsep, err)
		if err == nil && !twice(b, "plugindata") && !twice(b, "data") {
			var plugindata map[string]json.RawMessage
			_ = json.Unmarshal(object["plugindata"], &plugindata) // absent is as good as null
			same(t, plugindata, "data", frame.Plugindata.Data, nil)
			if frame.Plugindata.Data != nil && !bytes.Equal(frame.Plugindata.Raw, plugindata["data"]) {
				t.Fatalf("raw is %s, want %s", frame.Plugindata.Raw, plugindata["data"])
			}
		}
	})
}

func isFieldError(err error) bool {
	var malformed *FieldError
	return errors.As(err, &malformed)
}

// twice reports whether a key may be there more than once, in which case
// encoding/json merges objects and the decoder takes the last.
func twice(b []byte, key string) bool {
	return bytes.Count(b, []byte(key)) > 1 || bytes.Contains(b, []byte(`\u`))
}

// same fails if encoding/json makes something else of a member than got. A
// member that it cannot store must have been reported.
func same[T any](t *testing.T, object map[string]json.RawMessage, key string, got T, reported error) {
	t.Helper()
	var want T
	if raw, ok := object[key]; ok {
		if err := json.Unmarshal(raw, &want); err != nil {
			if reported == nil {
				t.Fatalf("%s is %s, which was not reported", key, raw)
			}
			return
		}
	}
	if reported == nil && !reflect.DeepEqual(got, want) {
		t.Fatalf("%s is %v, want %v", key, got, want)
	}
}
