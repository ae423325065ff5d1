package wire

import (
	"runtime"
	"strings"
	"testing"
)

// allocated returns how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// An event allocates its maps (two allocations each) and its arrays (two each),
// and nothing for keys, short strings and numbers that have come before.
func TestDecodeAllocations(t *testing.T) {
	for name, test := range map[string]struct {
		frame string
		want  float64
	}{
		"ack":        {`{"janus":"ack","session_id":1234567890123456,"transaction":"abcdefgh.1z"}`, 0},
		"event":      {newPublisher, 4*2 + 2*2},
		"ten":        {`{"plugindata":{"data":{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1}}}`, 4},
		"long text":  {`{"jsep":{"sdp":"v=0 a text that is longer than those that are cached"}}`, 2 + 2},
		"escapes":    {`{"jsep":{"sdp":"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=x\r\n"}}`, 2 + 2},
		"candidate":  {`{"janus":"trickle","candidate":{"candidate":"candidate:1 1 udp 1 192.0.2.1 5 typ host","sdpMid":"0"}}`, 2},
		"long array": {`{"plugindata":{"data":{"a":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]}}}`, 2 + 2},
	} {
		var d Decoder
		frame := []byte(test.frame)
		got := testing.AllocsPerRun(100, func() {
			var f Frame
			if err := d.Decode(frame, &f); err != nil {
				t.Fatal(err)
			}
		})
		if got > test.want {
			t.Errorf("%s: %v allocations, want %v", name, got, test.want)
		}
	}
}

// A large frame costs what its values need in memory: no array, map or string is
// allocated more than once.
func TestDecodeBytes(t *testing.T) {
	const size = 1 << 20
	most := map[string]uint64{ // per byte of the frame, in percent
		"small ints":     16 * 100 / 2,       // an interface value for each of two bytes
		"short strings":  16 * 100 / 8,       // and for each of eight
		"nested objects": 2 * 350 * 100 / 26, // two maps for each 26 bytes
		"one SDP":        100,
	}
	for _, shape := range shapes {
		frame := shape.frame(size)
		var d Decoder
		var f Frame
		used := allocated(func() {
			if err := d.Decode(frame, &f); err != nil {
				t.Fatal(err)
			}
		})
		want := most[shape.name] * size / 100
		if used > want+want/8 {
			t.Errorf("%s: %d bytes for a frame of %d, want %d", shape.name, used, size, want)
		}
		runtime.KeepAlive(f)
	}
}

// Nor does a frame cost much that is not what its commas and brackets suggest.
func TestDecodeBytesOfOddFrames(t *testing.T) {
	const n = 1 << 18
	for name, test := range map[string]struct {
		data string
		most uint64
	}{
		"one key":      {`{"k":0` + strings.Repeat(`,"k":0`, n) + `}`, 16 * n},
		"commas":       {`{"k":[0` + strings.Repeat(",", n) + `]}`, 10 * n},
		"deep":         {`{"k":` + strings.Repeat("[", n), 4 * n},
		"only escapes": {`{"k":"` + strings.Repeat(`\u0041`, n) + `"}`, (6 + 1) * n},
	} {
		frame := []byte(`{"plugindata":{"data":` + test.data + `}}`)
		var f Frame
		var d Decoder
		if used := allocated(func() { _ = d.Decode(frame, &f) }); used > test.most+test.most/8 {
			t.Errorf("%s: %d bytes, want %d", name, used, test.most)
		}
	}
}

// A string of which escapes made the JSON long keeps only the memory it needs.
func TestDecodeTrimsStrings(t *testing.T) {
	const n = 1 << 20
	frame := []byte(`{"jsep":{"sdp":"` + strings.Repeat(`\u0041`, n) + `"}}`)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var d Decoder
	var f Frame
	if err := d.Decode(frame, &f); err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if kept := int64(after.HeapAlloc) - int64(before.HeapAlloc); kept > 2*n {
		t.Errorf("%d bytes are kept for a string of %d", kept, n)
	}
	runtime.KeepAlive(frame)
	runtime.KeepAlive(f)
}

// The Decoder's own memory does not grow with the frames it has read.
func TestDecoderKeepsLittle(t *testing.T) {
	var d Decoder
	for _, element := range []string{`[]`, `"a string that is too long for the cache"`, `{"k":[]}`} {
		var f Frame
		if err := d.Decode(frameOf(element, 1<<20), &f); err != nil {
			t.Fatal(err)
		}
	}
	d.reset(nil)
	if n := cap(d.counts) + cap(d.open); n > 1<<13 {
		t.Errorf("%d counts are kept", n)
	}
}
