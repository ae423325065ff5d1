package otel_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/cameronelliott/janus-go/eventhandler"
)

// stats are those of an audio stream that has received some bytes, a packet for
// each 100, and has lost some packets.
func stats(bytes, lost int64) *eventhandler.MediaStats {
	return &eventhandler.MediaStats{
		Mid: "0", Media: "audio", BytesReceived: bytes, PacketsReceived: bytes / 100, Lost: lost,
	}
}

// What is counted of the cumulative figures of a stream.
func TestCumulativeFigures(t *testing.T) {
	pause := func(d time.Duration) func(*testing.T, *feeder) {
		return func(*testing.T, *feeder) { time.Sleep(d) }
	}
	events := func(session, handle uint64, bodies ...eventhandler.Body) func(*testing.T, *feeder) {
		return func(t *testing.T, f *feeder) { f.feed(t, session, handle, bodies...) }
	}
	begin := events(1, 10, attached, webrtcUp)
	for name, test := range map[string]struct {
		steps       []func(*testing.T, *feeder)
		bytes, lost int64
	}{
		"growth":              {[]func(*testing.T, *feeder){begin, events(1, 10, stats(1000, 1), stats(1500, 3))}, 1500, 3},
		"attached only":       {[]func(*testing.T, *feeder){events(1, 10, attached, stats(1000, 1))}, 1000, 1},
		"the same id again":   {[]func(*testing.T, *feeder){begin, events(1, 10, stats(1000, 1), detached, attached, stats(1500, 1))}, 2500, 2},
		"no growth":           {[]func(*testing.T, *feeder){begin, events(1, 10, stats(1000, 1), stats(1000, 1))}, 1000, 1},
		"beginning not seen":  {[]func(*testing.T, *feeder){events(1, 10, stats(1e6, 50), stats(1e6+500, 52))}, 500, 2},
		"lost is negative":    {[]func(*testing.T, *feeder){begin, events(1, 10, stats(1000, -3), stats(2000, -1), stats(3000, 2))}, 3000, 2},
		"lost shrinks":        {[]func(*testing.T, *feeder){begin, events(1, 10, stats(1000, 5), stats(2000, 2), stats(3000, 6))}, 3000, 6},
		"counters restart":    {[]func(*testing.T, *feeder){begin, events(1, 10, stats(1000, 5), stats(300, 2), stats(600, 2))}, 1600, 7},
		"another connection":  {[]func(*testing.T, *feeder){begin, events(1, 10, stats(1000, 5), hangup, stats(1100, 6), webrtcUp, stats(500, 1))}, 1600, 7},
		"another and larger":  {[]func(*testing.T, *feeder){begin, events(1, 10, stats(1000, 5), hangup, webrtcUp, stats(5000, 5))}, 6000, 10},
		"last ones are late":  {[]func(*testing.T, *feeder){begin, events(1, 10, stats(1000, 0), detached), events(1, 0, destroyed), pause(15 * time.Second), events(1, 10, stats(1200, 1))}, 1200, 1},
		"end without detach":  {[]func(*testing.T, *feeder){begin, events(1, 10, stats(1000, 0)), events(1, 0, destroyed), events(1, 10, stats(1200, 1))}, 1200, 1},
		"far too late":        {[]func(*testing.T, *feeder){begin, events(1, 10, stats(1000, 0), detached), pause(2 * time.Minute), events(1, 10, stats(1200, 1))}, 1000, 0},
		"a long silence":      {[]func(*testing.T, *feeder){begin, events(1, 10, stats(1000, 0)), pause(6 * time.Minute), events(9, 0, created), events(1, 10, stats(5000, 1), stats(5500, 1))}, 1500, 0},
		"silence, then anew":  {[]func(*testing.T, *feeder){begin, events(1, 10, stats(1000, 0), hangup), pause(6 * time.Minute), events(1, 10, webrtcUp, stats(500, 1))}, 1500, 1},
		"two media":           {[]func(*testing.T, *feeder){begin, events(1, 10, stats(1000, 1), &eventhandler.MediaStats{Mid: "1", Media: "audio", BytesReceived: 50})}, 1050, 1},
		"layers of simulcast": {[]func(*testing.T, *feeder){begin, events(1, 10, stats(1000, 1), &eventhandler.MediaStats{Mid: "0", Media: "video-sim1", BytesReceived: 50})}, 1050, 1},
		"two handles":         {[]func(*testing.T, *feeder){begin, events(1, 11, attached, webrtcUp, stats(1000, 1)), events(1, 10, stats(10, 1))}, 1010, 2},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := newFeeder(t, 0)
			f.feed(t, 1, 0, created)
			for _, step := range test.steps {
				step(t, f)
			}
			var bytes, lost int64
			all := f.collect(t)
			for _, n := range all["janus.server.media.io"] {
				bytes += n
			}
			for _, n := range all["janus.server.media.lost"] {
				lost += n
			}
			if bytes != test.bytes || lost != test.lost {
				t.Errorf("%s: %d bytes and %d lost, want %d and %d", name, bytes, lost, test.bytes, test.lost)
			}
		})
	}
}

// Each figure is in the metric and the direction where it belongs.
func TestStatsByDirection(t *testing.T) {
	f := newFeeder(t, 0)
	f.feed(t, 1, 10, attached, webrtcUp, &eventhandler.MediaStats{
		Mid: "0", Media: "video", RTT: 20 * time.Millisecond,
		Lost: 1, LostByRemote: 2, JitterLocal: 3 * time.Millisecond, JitterRemote: 4 * time.Millisecond,
		PacketsReceived: 5, PacketsSent: 6, BytesReceived: 7, BytesSent: 8,
		BytesReceivedLastSecond: 9, BytesSentLastSecond: 10,
		NACKsReceived: 11, NACKsSent: 12, RetransmissionsReceived: 13,
	})
	const (
		both     = "janus.media.kind=video,janus.plugin=" + videoroom
		received = both + ",network.io.direction=receive"
		sent     = both + ",network.io.direction=transmit"
	)
	for name, want := range map[string]map[string]int64{
		"janus.server.media.rtt":             {both: 1},
		"janus.server.media.lost":            {received: 1, sent: 2},
		"janus.server.media.jitter":          {received: 1, sent: 1},
		"janus.server.media.packets":         {received: 5, sent: 6},
		"janus.server.media.io":              {received: 7, sent: 8},
		"janus.server.media.bitrate":         {received: 1, sent: 1},
		"janus.server.media.nacks":           {received: 12, sent: 11},
		"janus.server.media.retransmissions": {received: 13},
	} {
		f.check(t, name, want)
	}
	for name, want := range map[string]float64{
		"janus.server.media.rtt":     0.020,
		"janus.server.media.jitter":  0.003 + 0.004,
		"janus.server.media.bitrate": 72 + 80,
	} {
		if got := f.recorded(t, name); got < want*0.999 || got > want*1.001 {
			t.Errorf("%s: the sum is %v, want %v", name, got, want)
		}
	}
}

// What is not known is not recorded: RTT without a report of the peer, and with it
// its jitter; bitrate and jitter without media.
func TestUnknownFiguresAreLeftOut(t *testing.T) {
	f := newFeeder(t, 0)
	f.feed(t, 1, 10, attached, webrtcUp, &eventhandler.MediaStats{Mid: "0", Media: "audio", BytesSentLastSecond: 10})
	f.total(t, "janus.server.media.rtt", 0)
	f.total(t, "janus.server.media.jitter", 0)
	f.total(t, "janus.server.media.bitrate", 1)
}

// Where packets flow, those lost are counted although there are none, so that
// there is a ratio.
func TestNoLoss(t *testing.T) {
	f := newFeeder(t, 0)
	f.feed(t, 1, 10, attached, webrtcUp, stats(1000, 0))
	f.check(t, "janus.server.media.lost", map[string]int64{
		"janus.media.kind=audio,janus.plugin=" + videoroom + ",network.io.direction=receive": 0,
	})
}
