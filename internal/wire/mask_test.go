package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

// janusSecrets are the members with a secret of the requests, answers and events
// of Janus 1.1.2 and 1.4: of the core and the Admin API, of each plugin and of
// the event handlers; then credentials in SIP headers, and names that plugins in
// Lua or JavaScript may use.
var janusSecrets = strings.Fields(`
	token apisecret admin_secret tokens
	secret new_secret pin new_pin admin_key allowed private_id
	srtp_crypto srtpcrypto crypto rtsp_pwd ha1_secret
	backend_pwd api_secret auth_token token_auth_secret adminpwd cert_pwd turn_pwd turn_rest_api_key
	Authorization Proxy-Authorization Cookie Set-Cookie X-Api-Key
	authorization credential credentials key keys pass passphrase passwd password passwords
	pins pwd secrets cookie auth new_tokens room_key user_password e2ee_crypto user_token`)

// janusPublic are members of Janus whose names resemble those of secrets.
var janusPublic = strings.Fields(`
	keyframe key_frame keyframes keyframesent video-keyframe-interval pin_required signed_tokens token_auth
	allowed_plugins allow_rtp_participants srtp_suite srtpsuite srtp_profile authuser username user_agent author
	rtsp_user backend_user is_private private new_is_private require_pvtid opaque_id transaction ping typing
	passive tokenize compass_bearing secretary secret_required cryptocurrency authenticated credentialed
	remote-fingerprint-hash dtls-state room id display headers`)

// jsonValues are values that contain the secret "s3cret", of every type that can.
var jsonValues = []string{
	`"s3cret"`, `"s3cret\""`, `"\\s3cret\\"`, `"\"},\"s3cret"`, `["s3cret"]`, `["a","s3cret"]`, `["]",["s3cret"],"s3cret"]`,
	`{"a":"s3cret"}`, `{"}":{"s3cret":[{}]},"b":"s3cret"}`, `[ { "token" : "s3cret" } , "s3cret" ]`,
}

func TestMaskEveryWord(t *testing.T) {
	for _, key := range janusSecrets {
		for _, value := range append([]string{`12`, `-1.5e3`, `true`, `null`, `{}`, `[]`, `""`}, jsonValues...) {
			frame := `{"a":1,"` + key + `" : ` + value + ` , "room":1234}`
			want := `{"a":1,"` + key + `" : "***" , "room":1234}`
			if got := string(Mask([]byte(frame))); got != want {
				t.Errorf("%s masked as %s", frame, got)
			}
		}
	}
	for _, key := range janusPublic {
		frame := `{"body":{"` + key + `":["shown"]}}`
		if got := string(Mask([]byte(frame))); got != frame {
			t.Errorf("%s masked as %s", frame, got)
		}
	}
}

// Every word of the tables is there for a key that no other word covers, and
// each secret key contains a root.
func TestMaskTablesHaveNoSpareWord(t *testing.T) {
	for _, end := range secretEnds {
		saved := secretEnds
		secretEnds = nil
		for _, other := range saved {
			if other != end {
				secretEnds = append(secretEnds, other)
			}
		}
		if isSecret([]byte(end)) {
			t.Errorf("%q is spare", end)
		}
		secretEnds = saved
	}
	keys := append([]string{}, secretEnds...)
	for key := range secretKeys {
		keys = append(keys, key)
	}
	for _, key := range keys {
		if got := string(Mask([]byte("say " + strings.ToUpper(key) + "=s3cret"))); strings.Contains(got, "s3cret") {
			t.Errorf("%q has no root: %s", key, got)
		}
	}
}

func TestMaskEverySpellingOfAKey(t *testing.T) {
	for _, key := range []string{
		"Token", "TOKEN", `\u0074oken`, `\u0054OKEN`, `tok\u0065n`, `\u0074\u006f\u006b\u0065\u006e`, `to\u212Aen`, "to\u212Aen",
		"SRTPCrypto", "srtpCrypto", "adminKey", "Admin-Key", "ADMIN_KEY", "api key", "newPin", "privateId", "private-id", "pass_word", "apiſecret",
		"proxy-authorization", "PROXY_AUTHORIZATION", `bad\u00_token`, strings.Repeat("long_", 100) + "secret",
	} {
		for _, value := range jsonValues {
			frame := `{"` + key + `":` + value + `,"x":1}`
			if got := string(Mask([]byte(frame))); got != `{"`+key+`":"***","x":1}` {
				t.Errorf("%s masked as %s", frame, got)
			}
		}
	}
}

func TestMaskLeavesTheRest(t *testing.T) {
	for frame, want := range map[string]string{
		`{"token":"abc","x":1}`:                             `{"token":"***","x":1}`,
		`{"apisecret" : "a\"b" , "token":12}`:               `{"apisecret" : "***" , "token":"***"}`,
		`{"body":{"secret":"s","pin":"1","room":1234}}`:     `{"body":{"secret":"***","pin":"***","room":1234}}`,
		`{"admin_secret":"cut off`:                          `{"admin_secret":"***"`,
		`{"allowed":["tok1","tok2"],"new_pin":"1"}`:         `{"allowed":"***","new_pin":"***"}`,
		`{"pin_required":true,"reason":"token"}`:            `{"pin_required":true,"reason":"token"}`,
		`{"request":"allowed","action":"add"}`:              `{"request":"allowed","action":"add"}`,
		`["token","secret"]`:                                `["token","secret"]`,
		`{"n":-1.5E+3,"t":true,"f":false,"z":null,"s":"€"}`: `{"n":-1.5E+3,"t":true,"f":false,"z":null,"s":"€"}`,
		`{"token":}`:        `{"token":"***"}`,
		`{"token":,"a":1}`:  `{"token":"***","a":1}`,
		`{"token":`:         `{"token":"***"`,
		`{"token"`:          `{"token"`,
		``:                  ``,
		`hello`:             `hello`,
		`<html>404</html>`:  `<html>404</html>`,
		"  { } \n":          "  { } \n",
		`{"a":"x://host/"}`: `{"a":"x://host/"}`,
	} {
		if got := string(Mask([]byte(frame))); got != want {
			t.Errorf("%s masked as %s, want %s", frame, got, want)
		}
	}
}

// Secrets within a string.
func TestMaskWithinStrings(t *testing.T) {
	for text, want := range map[string]string{
		`v=0\r\na=crypto:1 AES_CM_128 inline:s3cret\r\na=mid:0\r\n`: `v=0\r\na=crypto:***\r\na=mid:0\r\n`,
		`a=ice-ufrag:abcd\r\na=ice-pwd:s3cret`:                      `a=ice-ufrag:abcd\r\na=ice-pwd:***`,
		"a=ice-pwd:s3cret\na=crypto:1":                              "a=ice-pwd:***\na=crypto:***",
		`rtsp://user:s3cret@camera:554/live`:                        `rtsp://***@camera:554/live`,
		`http:\/\/s3cret@host\/, http://b@c/`:                       `http:\/\/***@host\/, http://***@c/`,
		`http://host/@path`:                                         `http://host/@path`,
		`wss://u:s3cret@host/ev?token=s3cret&b#c is it?`:            `wss://***@host/ev?*** is it?`,
		`ws:\/\/host?a=\/\u0026token=s3cret\r\na=b`:                 `ws:\/\/host?***\r\na=b`,
		`http://host?s3cret\"x`:                                     `http://host?***\"x`,
		`http://host/? why?not http://b/?s3cret`:                    `http://host/? why?not http://b/?***`,
		`http://host/?a=b why?not`:                                  `http://host/?*** why?not`,
		`http://host/ why?not`:                                      `http://host/ why?not`,
		`what? http://host/`:                                        `what? http://host/`,
		`a=candidate:1 1 udp 1 192.0.2.1 5 typ host`:                `a=candidate:1 1 udp 1 192.0.2.1 5 typ host`,
	} {
		frame, masked := `{"sdp":"`+text+`","room":1}`, `{"sdp":"`+want+`","room":1}`
		if got := string(Mask([]byte(frame))); got != masked {
			t.Errorf("%s masked as %s", frame, got)
		}
	}
}

// However a frame is cut off, or a log line is, no part of a secret is shown.
func TestMaskOfWhatIsCutOff(t *testing.T) {
	const frame = `{"janus":"message","\u0074oken" : "s3cret","body":{"tokens":[{"token":"s3cret"},"s3cret"],"pin":7777,` +
		`"sdp":"a=ice-pwd:s3cret\r\na=crypto:s3cret\r\nx","url":"rtsp://s3cret:s3cret@host/?s3cret\u0026s3cret","äö":{"secret":"\\s3cret"}},"end":1}`
	for n := range len(frame) {
		cut := Mask([]byte(frame[:n]))
		limited := Excerpt([]byte(frame), n)
		for _, part := range []string{"s3", "77"} {
			if bytes.Contains(cut, []byte(part)) || n > 0 && bytes.Contains(limited, []byte(part)) {
				t.Fatalf("cut after %d bytes: %s, limited: %s", n, cut, limited)
			}
		}
		if n == 0 {
			continue
		}
		note := fmt.Sprintf("… (%d bytes)", len(frame))
		if !utf8.Valid(limited) || !strings.HasSuffix(string(limited), note) {
			t.Fatalf("limited to %d bytes: %q", n, limited)
		}
		if shown := strings.TrimSuffix(string(limited), note); n < len(`{"janus":"message","`) && shown != frame[:n] {
			t.Fatalf("limited to %d bytes: %q", n, shown)
		}
	}
	if got := string(Excerpt([]byte(frame), len(frame))); strings.Contains(got, "…") {
		t.Errorf("a note of what is not missing: %s", got)
	}
}

// What is not JSON is masked from where a secret may begin.
func TestMaskOfWhatIsNoJSON(t *testing.T) {
	for _, text := range []string{
		`token=s3cret`, `{'token':'s3cret'}`, `{"token" "s3cret"}`, `{"token"="s3cret"}`, `{"token":"a"s3cret"}`, `{token:"s3cret"}`,
		`{"a":"x"y","token":"s3cret"}`, `{"a":"5" tall","token":"s3cret"}`, `{"a":"5",","token":"s3cret"}`, `a","token":"s3cret"`,
		`{"a":1 2,"Pin":"s3cret"}`, `{"a":"x"y","\u0074oken":"s3cret"}`, `Authorization: Bearer s3cret`, `{"token":s3cret}`,
		`{"token":true s3cret}`, `{"token":{"a":"b"}"s3cret"}`, `{"token":["a"}]"s3cret"`, `{"a":tru,"token":"s3cret"}`, `]}"token":"s3cret"`,
		`{"sdp":"a=ice-pwd:s3cret"x}`, `{"token":"s3cret",x}`, `{"a":"token"x,"b":"s3cret"}`, `{"a":"k\u0065y" : : x "s3cret"}`,
	} {
		if got := string(Mask([]byte(text))); strings.Contains(got, "s3cret") || !strings.Contains(got, "***") {
			t.Errorf("%s masked as %s", text, got)
		}
	}
	for _, harmless := range []string{
		`{"janus":"error","error":{"reason":"bad "quotes" here"}}`,
		`{"reason":"no such token","error":"bad "quotes" here"}`,
	} {
		if got := string(Mask([]byte(harmless))); got != harmless {
			t.Errorf("masked without need: %s", got)
		}
	}
}

// A log line costs what it shows, not what the frame holds.
func TestMaskCostsNoMoreThanTheLimit(t *testing.T) {
	const limit = 4 << 10
	for name, frame := range map[string][]byte{
		"short members": frameOf(`{"token":"s3cret","a":7}`, 16<<20),
		"a secret":      []byte(`{"token":"` + strings.Repeat("s", 16<<20) + `"}`),
		"a text":        []byte(`{"a":"` + strings.Repeat("s", 16<<20) + `"}`),
		"no JSON":       bytes.Repeat([]byte("x"), 16<<20),
	} {
		var line []byte
		if used := allocated(func() { line = Excerpt(frame, limit) }); used > 4*limit {
			t.Errorf("%s: %d bytes allocated", name, used)
		}
		if len(line) > 2*limit {
			t.Errorf("%s: a line of %d bytes", name, len(line))
		}
		// What lies beyond the limit is not read.
		short := append(bytes.Clone(frame[:limit]), make([]byte, len(frame)-limit)...)
		if !bytes.Equal(Excerpt(short, limit), line) {
			t.Errorf("%s: the rest matters", name)
		}
	}
}

// FuzzMask compares with the replacement of the members in the decoded value.
func FuzzMask(f *testing.F) {
	recorded(f, func(_ string, frame []byte) { f.Add(frame) })
	for i, key := range janusSecrets {
		f.Add([]byte(`{"` + key + `":` + jsonValues[i%len(jsonValues)] + `,"a":[{"\u0050IN":1}]}`))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		input := bytes.Clone(b)
		masked := Mask(b)
		if !bytes.Equal(b, input) {
			t.Fatal("the input was changed")
		}
		limited := Excerpt(b, 16)
		if len(limited) > 200 {
			t.Fatalf("%q", limited)
		}
		want, err := decodeNumbers(b)
		if err != nil || !utf8.Valid(b) {
			return
		}
		got, err := decodeNumbers(masked)
		if err != nil {
			t.Fatalf("%s masked as %s: %v", b, masked, err)
		}
		if bytes.Contains(b, []byte("a=")) || bytes.Contains(b, []byte("//")) || bytes.Contains(b, []byte(`\/`)) {
			return // parts of strings may be masked
		}
		if want = maskValue(want); !reflect.DeepEqual(got, want) {
			t.Fatalf("%s masked as %s, want %v", b, masked, want)
		}
	})
}

func decodeNumbers(b []byte) (v any, err error) {
	if !json.Valid(b) {
		return nil, fmt.Errorf("no JSON")
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}

func maskValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, member := range v {
			quoted, _ := json.Marshal(key)
			if isSecret(quoted[1 : len(quoted)-1]) {
				v[key] = "***"
			} else {
				v[key] = maskValue(member)
			}
		}
	case []any:
		for i := range v {
			v[i] = maskValue(v[i])
		}
	}
	return v
}
