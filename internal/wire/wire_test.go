package wire

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
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

// Strings and numbers have the values that encoding/json gives them, and what it
// refuses is refused.
func TestDecodeValues(t *testing.T) {
	for _, value := range []string{
		`""`, `"\"\\\/\b\f\n\r\t"`, `"\u0041\u00e9\u20AC"`, `"\ud83d\ude00"`, `"\uD83D"`, `"\ude00"`, `"\ud83d\u0041"`,
		`"\ud83d\ud83d\ude00"`, `"\ud83dx"`, `"\ud83d\n"`, `"€"`, `"\u2028"`, "\"\x7f\"", "\"\n\"", "\"\x00\"", `"\x"`, `"\u00g0"`,
		`"\u123"`, `"\`, `"`, `"\"`, `"\u`, `"a longer string with an \u0065scape, a quote \" and a backslash \\"`,
		`[0,-0,0,-0]`, `-1`, `7`, `128`, `999999999999999999`, `9007199254740993`, `1000000000000000001`, `9223372036854775808`,
		`99999999999999999999`, `1.5`, `-1.5e-3`, `1E+2`, `1e308`, `1e309`, `-1e309`, `01`, `-`, `1.`, `.5`, `1e`, `1e+`, `+1`, `0x1`, `--1`,
		`true`, `false`, `null`, `tru`, `nulL`, `[]`, `[ ]`, `{}`, `[1,2,[3,{"a":[4]}]]`, `[1,]`, `[,]`, `[1 2]`, `{"a"}`, `{"a":}`, `{,}`,
		`{"a":1,}`, `{a:1}`, `[}`, `{]`, `]`, `}`, `,`, ` `,
		strings.Repeat("[", 9997) + strings.Repeat("]", 9997), strings.Repeat("[", 9998) + strings.Repeat("]", 9998),
		strings.Repeat(`{"a":`, 9997) + "1" + strings.Repeat("}", 9997), strings.Repeat(`{"a":`, 9998) + "1" + strings.Repeat("}", 9998),
	} {
		frame := []byte(`{"plugindata":{"data":{"v":` + value + `}}}`)
		var want struct{ Plugindata struct{ Data map[string]any } }
		var f Frame
		err, wantErr := new(Decoder).Decode(frame, &f), json.Unmarshal(frame, &want)
		if (err == nil) != (wantErr == nil) {
			t.Errorf("%.50s: got %v, want %v", value, err, wantErr)
		}
		// Printing distinguishes -0 from 0.
		got, data := fmt.Sprintf("%#v", f.Plugindata.Data), fmt.Sprintf("%#v", want.Plugindata.Data)
		if err == nil && got != data {
			t.Errorf("%.50s: got %v, want %v", value, f.Plugindata.Data, want.Plugindata.Data)
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
	for _, number := range []uint64{1, 9, 10, 35, 36, 1 << 63, math.MaxUint64} {
		s := string(Transaction{"p.", number}.append(nil))
		if got, ok := ParseTransaction([]byte(s), "p."); !ok || got != number {
			t.Errorf("%s parsed as %d, %v", s, got, ok)
		}
		if got, ok := ParseTransaction([]byte(s[2:]), ""); !ok || got != number {
			t.Errorf("%s without a prefix parsed as %d, %v", s[2:], got, ok)
		}
	}
	const largest = "3w5e11264sgsf" // 1<<64 - 1
	if got, ok := ParseTransaction([]byte("p."+largest), "p."); !ok || got != math.MaxUint64 {
		t.Errorf("parsed as %d, %v", got, ok)
	}
	for _, s := range []string{
		"", "p", "p.", "p.0", "p.00", "p.01", "p.+1", "p.-1", "p. 1", "p.1 ", "p.1_0", "p.Z", "p.1Z", "p.!", "p.é", "p.1.2",
		"p.3w5e11264sgsg", "p.zzzzzzzzzzzzzzzz", "q.1", "1", "P.1", "pp.1", " p.1", "x.1",
	} {
		if number, ok := ParseTransaction([]byte(s), "p."); ok {
			t.Errorf("%q parsed as %d", s, number)
		}
	}
	id := []byte("p." + largest)
	if n := testing.AllocsPerRun(100, func() { ParseTransaction(id, "p.") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// assertString checks that a string of a request is encoded as encoding/json
// would, up to the choice of escapes.
func assertString(t *testing.T, s string) {
	t.Helper()
	quoted, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var want, got string
	if err := json.Unmarshal(quoted, &want); err != nil {
		t.Fatal(err)
	}
	b := appendString([]byte("behind"), s)
	encoded, ok := bytes.CutPrefix(b, []byte("behind"))
	if err := json.Unmarshal(encoded, &got); !ok || err != nil || got != want {
		t.Errorf("%q encoded as %s, which is %q: %v", s, encoded, got, err)
	}
	if !utf8.Valid(encoded) {
		t.Errorf("%q encoded as %q, which is not UTF-8", s, encoded)
	}
}

func TestRequestStrings(t *testing.T) {
	for c := range rune(0x3000) { // control characters, U+2028 and more
		assertString(t, string(c))
		assertString(t, "a"+string(c)+"b")
	}
	for c := range 0x100 { // invalid UTF-8 from 0x80 on
		assertString(t, string([]byte{byte(c)}))
		assertString(t, string([]byte{'a', byte(c), 'b'}))
	}
	for _, s := range []string{
		"", `\`, `\\`, `"`, `\"`, `\u0041`, `\n`, "\n", "\x00", "\u2028\u2029", "\xff", "\xed\xa0\x80", "a\xe2\x82", "\U0010ffff",
		"<a href='x'>&</a>", "\x7f", "€", strings.Repeat("x", 1<<16) + `"`,
	} {
		assertString(t, s)
		// Each field of a request that is a string is encoded so.
		frame := (&Request{Janus: s, Token: s, APISecret: s, Plugin: s, OpaqueID: s}).Append(nil, Transaction{Prefix: "p.", Number: 1})
		var got, want map[string]string
		if err := json.Unmarshal(frame, &got); err != nil {
			t.Errorf("%s: %v", frame, err)
		}
		fields := map[string]string{"janus": s, "transaction": "p.1"}
		if s != "" {
			fields["token"], fields["apisecret"], fields["plugin"], fields["opaque_id"] = s, s, s, s
		}
		quoted, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(quoted, &want); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func FuzzRequestString(f *testing.F) {
	for _, s := range []string{`\`, `"`, "\n", "\u2028", "\xff", "plain"} {
		f.Add(s)
	}
	f.Fuzz(assertString)
}

// Members that are there more than once have the meaning that encoding/json gives
// them, and Raw is the JSON of Data.
func TestDecodeDuplicateMembers(t *testing.T) {
	for frame, want := range map[string]struct{ data, jsep string }{
		`{"plugindata":{"data":{"a":1}},"plugindata":{"data":{"b":2}}}`:               {data: `{"a":1,"b":2}`},
		`{"plugindata":{"data":{"a":1}},"plugindata":{"plugin":"p"}}`:                 {data: `{"a":1}`},
		`{"plugindata":{"data":{"a":1}},"plugindata":null}`:                           {data: `{"a":1}`},
		`{"plugindata":{"data":{"a":1},"data":{"a":2}}}`:                              {data: `{"a":1,"a":2}`},
		`{"plugindata":{"data":{"a":{"x":1}},"data":{"a":{"y":2}}}}`:                  {data: `{"a":{"x":1},"a":{"y":2}}`},
		`{"plugindata":{"data":{"a":1},"data":null}}`:                                 {},
		`{"plugindata":{"data":null,"data":{"a":1}}}`:                                 {data: `{"a":1}`},
		`{"plugindata":{"data":{"a":1},"data":null,"data":{"b":2}}}`:                  {data: `{"b":2}`},
		`{"plugindata":{"data":{},"data":{ },"data":{"a":1},"data":{ }}}`:             {data: `{"a":1}`},
		`{"plugindata":{"data":{"a":1 },"data":{"b":2},"data":{"c":3}},"x":"behind"}`: {data: `{"a":1 ,"b":2,"c":3}`},
		`{"jsep":{"type":"offer"},"jsep":{"sdp":"v=0"}}`:                              {jsep: `{"type":"offer","sdp":"v=0"}`},
		`{"jsep":{"type":"offer"},"jsep":null}`:                                       {},
	} {
		input := []byte(frame)
		var f Frame
		if err := new(Decoder).Decode(input, &f); err != nil {
			t.Errorf("%s: %v", frame, err)
		}
		if string(input) != frame {
			t.Errorf("%s was changed to %s", frame, input)
		}
		if string(f.Plugindata.Raw) != want.data {
			t.Errorf("%s: raw is %s, want %s", frame, f.Plugindata.Raw, want.data)
		}
		for text, got := range map[string]map[string]any{want.data: f.Plugindata.Data, want.jsep: f.Jsep} {
			var values map[string]any
			if text != "" {
				if err := json.Unmarshal([]byte(text), &values); err != nil {
					t.Fatal(err)
				}
				if !reflect.DeepEqual(got, values) {
					t.Errorf("%s decoded as %v, want %v", frame, got, values)
				}
			}
		}
		if (f.Plugindata.Data == nil) != (want.data == "") || (f.Jsep == nil) != (want.jsep == "") {
			t.Errorf("%s decoded as %v and %v", frame, f.Plugindata.Data, f.Jsep)
		}
	}
}

// A second value of the wrong type leaves the first, of which Raw is the JSON.
func TestDecodeDuplicateOfWrongType(t *testing.T) {
	var f Frame
	err := new(Decoder).Decode([]byte(`{"plugindata":{"data":{"a":1},"data":[2]}}`), &f)
	if !isFieldError(err) || string(f.Plugindata.Raw) != `{"a":1}` || f.Plugindata.Data["a"] != 1.0 {
		t.Errorf("got %v, %s and %v", err, f.Plugindata.Raw, f.Plugindata.Data)
	}
}

// Many duplicates cost no more than their length.
func TestDecodeManyDuplicateMembers(t *testing.T) {
	const n = 1 << 14
	frame := []byte(`{"plugindata":{` + strings.Repeat(`"data":{"a":1},`, n) + `"data":{"b":2}}}`)
	var f Frame
	used := allocated(func() {
		if err := new(Decoder).Decode(frame, &f); err != nil {
			t.Fatal(err)
		}
	})
	if most := uint64(10 * len(frame)); used > most+1<<16 {
		t.Errorf("%d bytes for a frame of %d", used, len(frame))
	}
	if len(f.Plugindata.Raw) != n*len(`"a":1,`)+len(`{"b":2}`) {
		t.Errorf("raw has %d bytes", len(f.Plugindata.Raw))
	}
}

// Values keep apart that share a cache, however many there are.
func TestDecodeManyValues(t *testing.T) {
	var d Decoder
	for round := range 3 {
		values := map[string]any{"list": []any{0.0, 0.5, 0.25, -1.0, 128.0, 256.0, 1e300}}
		for i := range 5000 {
			values[fmt.Sprintf("key %d", i)] = float64(i*7 + round)
			values[fmt.Sprintf("k%d", i)] = fmt.Sprintf("value %d", i)
		}
		b, err := json.Marshal(map[string]any{"plugindata": map[string]any{"data": values}})
		if err != nil {
			t.Fatal(err)
		}
		var f Frame
		if err := d.Decode(b, &f); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(f.Plugindata.Data, values) {
			t.Fatal("values differ")
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
		`{"plugindata":{"data":{"a":1}},"plugindata":{"data":{"b":[[],{"c":"\\"}]}},"jsep":{"a":1},"jsep":{"b":2}}`,
		`{"plugindata":{"data":{"a":1},"data":null},"jsep":null}`,
		`{"session_id":-0}`, `{"lost":-0}`, `{"sender":-1}`, `{"seconds":9223372036854775808}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if !utf8.Valid(b) {
			t.Skip("the socket has refused it")
		}
		input := bytes.Clone(b)
		var got Frame
		var decoder Decoder
		err := decoder.Decode(b, &got)
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
		want, wantErr := decodeReference(b)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("got %v, want %v", err, wantErr)
		}
		if err != nil {
			return
		}
		raw := got.Plugindata.Raw
		got.Plugindata.Raw, want.Plugindata.Raw = nil, nil
		if len(got.Transaction) == 0 {
			got.Transaction = nil
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got  %+v\nwant %+v", got, want)
		}
		var data map[string]any
		if raw != nil {
			if err := json.Unmarshal(raw, &data); err != nil {
				t.Fatalf("raw is %s: %v", raw, err)
			}
		}
		if !reflect.DeepEqual(data, got.Plugindata.Data) {
			t.Fatalf("raw is %s, data is %v", raw, got.Plugindata.Data)
		}
	})
}

// decodeReference decodes a message by means of encoding/json, member by member,
// since that would not tell keys from those in another case.
func decodeReference(b []byte) (f Frame, err error) {
	var transaction string
	err = fields(b, map[string]any{
		"janus": &f.Janus, "transaction": &transaction, "session_id": &f.Session, "sender": &f.Sender, "opaque_id": &f.OpaqueID,
		"jsep": &f.Jsep, "reason": &f.Reason, "type": &f.Type, "mid": &f.Mid, "receiving": &f.Receiving, "substream": &f.Substream,
		"seconds": &f.Seconds, "media": &f.Media, "uplink": &f.Uplink, "lost": &f.Lost, "nacks": &f.Nacks,
		"data":  map[string]any{"id": &f.DataID},
		"error": map[string]any{"code": &f.Error.Code, "reason": &f.Error.Reason},
		"plugindata": map[string]any{
			"plugin": &f.Plugindata.Plugin, "data": &f.Plugindata.Data, "": &f.Plugindata.Present,
		},
		"candidate": map[string]any{
			"candidate": &f.Candidate.Candidate, "sdpMid": &f.Candidate.SDPMid, "sdpMLineIndex": &f.Candidate.SDPMLineIndex,
			"usernameFragment": &f.Candidate.UsernameFragment, "completed": &f.Candidate.Completed,
		},
	})
	if transaction != "" {
		f.Transaction = []byte(transaction)
	}
	return f, err
}

// fields decodes the members of an object into what pointers has for their keys:
// a pointer, or a map for an object, whose empty key points to whether the object
// is there.
func fields(b []byte, pointers map[string]any) (err error) {
	if present, ok := pointers[""].(*bool); ok {
		*present = true
	}
	d := json.NewDecoder(bytes.NewReader(b))
	_, _ = d.Token() // the object is valid
	for d.More() {
		key, _ := d.Token()
		var value json.RawMessage
		_ = d.Decode(&value)
		switch field := pointers[key.(string)].(type) {
		case *bool:
			if key != "" {
				err = errors.Join(err, json.Unmarshal(value, field))
			}
		case map[string]any:
			if value[0] == '{' {
				err = errors.Join(err, fields(value, field))
			} else if value[0] != 'n' {
				err = errors.Join(err, fmt.Errorf("%s is %s", key, value))
			}
		case nil:
		default:
			err = errors.Join(err, json.Unmarshal(value, field))
		}
	}
	return err
}

func isFieldError(err error) bool {
	var malformed *FieldError
	return errors.As(err, &malformed)
}
