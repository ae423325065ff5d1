package wire

import (
	"bytes"
	"strings"
	"testing"
)

// newPublisher is an event of some 380 bytes, with which a VideoRoom announces
// a publisher.
const newPublisher = `{"janus":"event","session_id":1234567890123456,"sender":6543210987654321,"plugindata":{` +
	`"plugin":"janus.plugin.videoroom","data":{"videoroom":"event","room":9007,"publishers":[{"id":1002,` +
	`"display":"bob","audio_codec":"opus","video_codec":"vp8","streams":[` +
	`{"type":"audio","mindex":0,"mid":"0","codec":"opus","fec":true,"talking":false},` +
	`{"type":"video","mindex":1,"mid":"1","codec":"vp8"}]}]}}}`

// frame returns a frame of about size bytes whose data is an object with one
// member, an array of element.
func frameOf(element string, size int) []byte {
	n := size / (len(element) + 1)
	return []byte(`{"janus":"event","plugindata":{"plugin":"p","data":{"list":[` +
		strings.Repeat(element+",", n-1) + element + `]}}}`)
}

// shapes are frames that are large in different ways.
var shapes = []struct {
	name  string
	frame func(size int) []byte
}{
	{"small ints", func(size int) []byte { return frameOf("7", size) }},
	{"short strings", func(size int) []byte { return frameOf(`"alice"`, size) }},
	{"nested objects", func(size int) []byte { return frameOf(`{"id":7,"in":{"mid":"0"}}`, size) }},
	{"one SDP", func(size int) []byte {
		const line = `a=rtpmap:111 opus/48000/2\r\n`
		return []byte(`{"janus":"event","jsep":{"type":"offer","sdp":"` + strings.Repeat(line, size/len(line)) + `"}}`)
	}},
}

func BenchmarkDecode(b *testing.B) {
	sdp := strings.Repeat(`a=rtpmap:111 opus/48000/2\r\n`, 100)
	for _, bench := range []struct{ name, frame string }{
		{"ack", `{"janus":"ack","session_id":1234567890123456,"transaction":"abcdefgh.1z"}`},
		{"event", newPublisher},
		{"jsep", `{"janus":"event","session_id":1234567890123456,"sender":6543210987654321,"transaction":"abcdefgh.1z",` +
			`"plugindata":{"plugin":"janus.plugin.videoroom","data":{"videoroom":"event","room":9007,"configured":"ok"}},` +
			`"jsep":{"type":"answer","sdp":"` + sdp + `"}}`},
	} {
		b.Run(bench.name, func(b *testing.B) { benchmarkDecode(b, []byte(bench.frame)) })
	}
	for _, shape := range shapes {
		b.Run(strings.ReplaceAll(shape.name, " ", "-"), func(b *testing.B) { benchmarkDecode(b, shape.frame(1<<20)) })
	}
}

func benchmarkDecode(b *testing.B, frame []byte) {
	b.SetBytes(int64(len(frame)))
	b.ReportAllocs()
	var d Decoder
	for b.Loop() {
		var f Frame
		if err := d.Decode(frame, &f); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMask(b *testing.B) {
	frame := bytes.Repeat([]byte(newPublisher), 100)
	b.SetBytes(int64(len(frame)))
	b.ReportAllocs()
	for b.Loop() {
		Mask(frame)
	}
}

func BenchmarkAppend(b *testing.B) {
	r := Request{Janus: "message", Session: 1 << 52, Handle: 1 << 51, Token: "token", Body: []byte(`{"request":"list"}`)}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = r.Append(buf[:0], Transaction{Prefix: "abcdefgh.", Number: 12345})
	}
}
