package bench

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/audiobridge"
	"github.com/cameronelliott/janus-go/plugin/sip"
	"github.com/cameronelliott/janus-go/plugin/streaming"
	"github.com/cameronelliott/janus-go/plugin/textroom"
	"github.com/cameronelliott/janus-go/plugin/videoroom"

	"github.com/cameronelliott/janus-go/bench/internal/stats"
)

// parsed are frequent events and answers, with the Parse of their package and the
// struct that they are decoded into.
var parsed = []struct {
	name   string
	plugin string
	data   string
	parse  func(msg any) (plugin.Event, bool)
	target func() any
}{
	{
		"videoroom/talking", videoroom.Name,
		`{"videoroom":"talking","room":1234,"id":42,"mindex":0,"mid":"0","audio-level-dBov-avg":28.75}`,
		videoroom.Parse, func() any { return new(videoroom.Talking) },
	},
	{
		"videoroom/leaving", videoroom.Name, `{"videoroom":"event","room":1234,"leaving":42}`,
		videoroom.Parse, func() any { return new(videoroom.Left) },
	},
	{
		"videoroom/publishers", videoroom.Name, publishers("event", 1),
		videoroom.Parse, func() any { return new(videoroom.Published) },
	},
	{
		"videoroom/joined", videoroom.Name, publishers("joined", 50),
		videoroom.Parse, func() any { return new(videoroom.Joined) },
	},
	{
		"audiobridge/participants", audiobridge.Name,
		`{"audiobridge":"event","room":1234,"participants":[{"id":42,"display":"Ada","setup":true,"muted":false,"spatial_position":50}]}`,
		audiobridge.Parse, func() any { return new(audiobridge.ParticipantUpdated) },
	},
	{
		"streaming/substream", streaming.Name, `{"streaming":"event","result":{"mid":"v","substream":1}}`,
		streaming.Parse, func() any { return new(struct{ Result streaming.SubstreamChanged }) },
	},
	{
		"sip/incomingcall", sip.Name,
		`{"sip":"event","result":{"event":"incomingcall","username":"sip:ada@example.com","call_id":"c1","displayname":"Ada",` +
			`"callee":"sip:bob@example.com","headers":{"X-Foo":"bar"},"srtp":"sdes_optional"},"call_id":"c1"}`,
		sip.Parse, func() any { return new(struct{ Result sip.IncomingCall }) },
	},
	{
		"textroom/list", textroom.Name,
		`{"textroom":"success","list":[{"room":1234,"description":"Demo","pin_required":false,"num_participants":3,"history":5}]}`,
		textroom.Parse, func() any { return new(textroom.Rooms) },
	},
	{
		"textroom/message", "", // it comes over a data channel
		`{"textroom":"message","room":1234,"from":"ada","date":"2026-01-31T12:00:00+0100","text":"good morning, everybody"}`,
		nil, func() any { return new(textroom.MessageReceived) },
	},
}

// publishers returns a message of the VideoRoom with n publishers.
func publishers(kind string, n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(`{"id":%d,"display":"participant %d","audio_codec":"opus","video_codec":"vp8","streams":[`+
			`{"type":"audio","mindex":0,"mid":"0","codec":"opus","fec":true,"talking":false},`+
			`{"type":"video","mindex":1,"mid":"1","description":"camera","codec":"vp8","simulcast":true}]}`, i+1, i+1)
	}
	return fmt.Sprintf(`{"videoroom":%q,"room":1234,"description":"Demo","id":99,"private_id":4242,"publishers":[%s]}`, kind, strings.Join(list, ","))
}

// BenchmarkParse compares Parse with json.Unmarshal of the same data into the same
// struct: x-unmarshal is the median quotient of their times. It should be at most
// 1.3.
func BenchmarkParse(b *testing.B) {
	for _, event := range parsed {
		b.Run(event.name, func(b *testing.B) {
			raw := []byte(event.data)
			parse := parser(b, event.plugin, raw, event.parse)
			b.ReportAllocs()
			var ratios, times []float64
			for b.Loop() {
				typed := timed(b, parse)
				plain := timed(b, func() error { return json.Unmarshal(raw, event.target()) })
				ratios = append(ratios, typed/plain)
				times = append(times, typed)
			}
			b.ReportMetric(stats.Of(ratios).Median, "x-unmarshal")
			b.ReportMetric(stats.Of(times).Median/batch, "ns/parse")
		})
	}
}

// parser returns a function that parses data once.
func parser(tb testing.TB, name string, data []byte, parse func(any) (plugin.Event, bool)) func() error {
	if parse == nil {
		return func() error {
			_, err := textroom.ParseData(data)
			return err
		}
	}
	msg := plugtest.NewFeed(tb, name).Event(tb, name, data)
	return func() error {
		event, ok := parse(msg)
		if _, unknown := event.(*plugin.Unknown); !ok || unknown {
			return fmt.Errorf("%s became %T", data, event)
		}
		return nil
	}
}

// batch is how often timed does something.
const batch = 20

func timed(b *testing.B, f func() error) float64 {
	start := time.Now()
	for range batch {
		if err := f(); err != nil {
			b.Fatal(err)
		}
	}
	return float64(time.Since(start))
}

// call is a request in two ways.
type call struct {
	name          string
	typed, byHand func() error
}

// calls returns calls whose answers are there at once, so that only the client
// costs anything.
func calls(tb testing.TB) []call {
	room := answerer(tb, videoroom.Name, publishers("joined", 3))
	bridge := answerer(tb, audiobridge.Name, `{"audiobridge":"joined","room":1234,"id":5,"participants":[]}`)
	mountpoint := answerer(tb, streaming.Name, `{"streaming":"event","result":{"status":"preparing"}}`)
	phone := answerer(tb, sip.Name, `{"sip":"event","result":{"event":"infosent"}}`)
	return []call{
		{
			"videoroom/join", func() error {
				_, err := videoroom.On(room).JoinPublisher(tb.Context(), videoroom.JoinPublisher{Room: plugin.Num(1234), Display: "ada", PIN: "1234"})
				return err
			}, func() error {
				body := map[string]any{"request": "join", "ptype": "publisher", "room": 1234, "display": "ada", "pin": "1234"}
				return ask(tb, room, body, new(videoroom.Joined))
			},
		},
		{
			"audiobridge/join", func() error {
				_, err := audiobridge.On(bridge).Join(tb.Context(), audiobridge.Join{Room: plugin.Num(1234), Display: "ada"}, nil)
				return err
			}, func() error {
				return ask(tb, bridge, map[string]any{"request": "join", "room": 1234, "display": "ada"}, new(audiobridge.Joined))
			},
		},
		{
			"streaming/watch", func() error {
				_, err := streaming.On(mountpoint).Watch(tb.Context(), streaming.Watch{ID: plugin.Num(1), PIN: "1234"})
				return err
			}, func() error {
				return ask(tb, mountpoint, map[string]any{"request": "watch", "id": 1, "pin": "1234"}, new(struct{ Result streaming.Preparing }))
			},
		},
		{
			"sip/info", func() error {
				_, err := sip.On(phone).Info(tb.Context(), sip.Info{Type: "text/plain", Content: "hello"})
				return err
			}, func() error {
				return ask(tb, phone, map[string]any{"request": "info", "type": "text/plain", "content": "hello"}, new(struct{ Result sip.InfoSent }))
			},
		},
	}
}

// answerer returns a Caller with one answer.
func answerer(tb testing.TB, name, data string) plugtest.Answerer {
	tb.Helper()
	return plugtest.Answerer{Answer: plugtest.NewFeed(tb, name).Event(tb, name, []byte(data))}
}

// ask makes a call by hand.
func ask(tb testing.TB, c plugin.Caller, body map[string]any, answer any) error {
	event, err := c.Call(tb.Context(), body, nil)
	if err != nil {
		return err
	}
	return event.Plugindata.Decode(answer)
}

// BenchmarkTypedCall compares a typed call with the same call by hand. It should
// make at most 25 allocations more.
func BenchmarkTypedCall(b *testing.B) {
	for _, call := range calls(b) {
		for way, do := range map[string]func() error{"typed": call.typed, "by-hand": call.byHand} {
			b.Run(call.name+"/"+way, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := do(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func TestTypedCallAllocations(t *testing.T) {
	for _, call := range calls(t) {
		plugtest.CheckAllocations(t, call.name, 25, call.typed, call.byHand)
	}
}

func TestParseAllocations(t *testing.T) {
	for _, event := range parsed {
		raw := []byte(event.data)
		plugtest.CheckAllocations(t, event.name, 3, parser(t, event.plugin, raw, event.parse), func() error {
			return json.Unmarshal(raw, event.target())
		})
	}
}
