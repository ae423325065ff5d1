package main

import (
	"fmt"
	"math"
	"runtime"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/admin"
	"github.com/cameronelliott/janus-go/eventhandler"
	"github.com/cameronelliott/janus-go/internal/testutil"
)

// epoch is the time of synthetic events.
var epoch = time.UnixMilli(1_700_000_000_000)

// event returns an event some milliseconds after epoch.
func event(ms int64, session, handle uint64, body eventhandler.Body) *eventhandler.Event {
	e := &eventhandler.Event{Session: session, Handle: handle, Timestamp: epoch.Add(time.Duration(ms) * time.Millisecond), Body: body}
	switch body.(type) {
	case *eventhandler.ICEState, *eventhandler.DTLSState, *eventhandler.PeerConnectionState:
		e.Type = eventhandler.TypeWebRTC
	}
	return e
}

// tell applies events some milliseconds after epoch.
func (s *state) tell(ms int64, session, handle uint64, bodies ...eventhandler.Body) {
	for _, body := range bodies {
		s.apply(event(ms, session, handle, body), epoch.UnixMilli()+ms)
	}
}

// The events of a handle from its beginning until its PeerConnection is up.
func begin(opaque string) []eventhandler.Body {
	return []eventhandler.Body{
		&eventhandler.SessionEvent{Change: eventhandler.Created, Transport: &eventhandler.TransportRef{Transport: "janus.transport.websockets"}},
		&eventhandler.HandleEvent{Change: eventhandler.Attached, Plugin: "janus.plugin.videoroom", OpaqueID: opaque},
		&eventhandler.ICEState{State: eventhandler.ICEReady},
		&eventhandler.DTLSState{State: eventhandler.DTLSConnected},
		&eventhandler.PeerConnectionState{State: eventhandler.WebRTCUp},
	}
}

// stats returns statistics of a medium that has received and sent so many bytes, in
// packets of 100.
func stats(mid, media string, bytes int64) *eventhandler.MediaStats {
	return &eventhandler.MediaStats{
		Mid: mid, Media: media, Codec: "opus", Base: 48000, RTT: 4 * time.Millisecond, JitterLocal: 5 * time.Millisecond,
		BytesReceived: bytes, PacketsReceived: bytes / 100, BytesSent: 2 * bytes, PacketsSent: 2 * bytes / 100,
	}
}

func (s *state) handle(id ids) *handle {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.handles[id]
}

// check fails unless there are so many sessions, handles and PeerConnections, and the
// parts of the state agree with each other.
func (s *state) check(t testing.TB, sessions, handles, up int) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.sessions) != sessions || len(s.handles) != handles || s.up != up {
		t.Errorf("there are %d sessions, %d handles and %d PeerConnections, want %d, %d and %d",
			len(s.sessions), len(s.handles), s.up, sessions, handles, up)
	}
	inOrder, inSessions, media := 0, 0, 0
	for i, known := range s.order {
		if known == nil {
			continue
		}
		inOrder++
		inSessions += len(known.handles)
		if known.place != i || s.sessions[known.id] != known {
			t.Errorf("session %d is not where it should be", known.id)
		}
	}
	for id, h := range s.handles {
		media += len(h.media)
		if id != h.ids() {
			t.Errorf("handle %v is kept as %v", h.ids(), id)
		}
	}
	if len(s.order) > 2*len(s.sessions)+16 {
		t.Errorf("there are %d places for %d sessions", len(s.order), len(s.sessions))
	}
	if inOrder != len(s.sessions) || inSessions != len(s.handles) || media != s.media {
		t.Errorf("%d sessions are in order, %d handles in sessions, %d media in handles", inOrder, inSessions, media)
	}
}

func TestEventsBecomeState(t *testing.T) {
	s := newState()
	s.tell(0, 1, 2, begin("ada")...)
	s.tell(0, 1, 3, begin("bob")[1])
	s.check(t, 1, 2, 1)
	s.tell(1000, 1, 2, stats("0", "audio", 1000))
	s.tell(2000, 1, 2, stats("0", "audio", 2000), &eventhandler.MediaState{Mid: "0", Media: "audio"},
		&eventhandler.SlowLink{Mid: "0", Direction: eventhandler.Uplink}, &eventhandler.SlowLink{Mid: "0", Direction: eventhandler.Downlink})
	h := s.handle(ids{1, 2})
	row := h.row(0)
	want := handleRow{
		Handle: "2", Plugin: "janus.plugin.videoroom", Opaque: "ada", ICE: "ready", DTLS: "connected", Up: true, Slow: 2,
		BitrateIn: 8000, BitrateOut: 16000, LossIn: 0, LossOut: 0, Loss: 0, RTT: 4,
	}
	if *row != want {
		t.Errorf("got  %+v\nwant %+v", *row, want)
	}
	m := h.media[0].message(0)
	if m.SlowIn != 1 || m.SlowOut != 1 || m.Receiving == nil || *m.Receiving || m.Source != "events" || len(m.Series.T) != 2 ||
		m.Totals.BytesOut != 4000 || m.Now.JitterIn != 5 || m.Series.T[1] != epoch.UnixMilli()+2000 {
		t.Errorf("%+v", m)
	}
	s.tell(3000, 1, 2, &eventhandler.PeerConnectionState{State: eventhandler.Hangup, Reason: "DTLS alert"})
	if h.hangup != "DTLS alert" || h.ice != "" || len(h.media) != 0 || s.rings.used.Len() != 0 {
		t.Errorf("after the hangup: %+v", h)
	}
	s.check(t, 1, 2, 0)
	s.tell(4000, 1, 2, &eventhandler.HandleEvent{Change: eventhandler.Detached})
	s.check(t, 1, 1, 0)
	s.tell(4000, 1, 0, &eventhandler.SessionEvent{Change: eventhandler.Destroyed})
	s.check(t, 0, 0, 0)
	s.tell(4001, 1, 2, stats("0", "audio", 3000)) // the last ones may come late
	s.check(t, 0, 0, 0)
}

// What is not known is not 0: the jitter of what is not sent or has no RTP clock, and
// statistics without a time.
func TestWhatIsNotKnown(t *testing.T) {
	s := newState()
	s.tell(0, 1, 2, begin("")...)
	data := stats("2", "data", 1000)
	data.Base, data.RTT = 0, 0
	recvonly := stats("1", "video", 1000)
	recvonly.PacketsSent = 0
	s.tell(1000, 1, 2, data, recvonly)
	h := s.handle(ids{1, 2})
	if now := h.media[0].meter.now; now.JitterIn.known() || now.JitterOut.known() || now.RTT.known() {
		t.Errorf("%+v", now)
	}
	if now := h.media[1].meter.now; now.JitterIn != 5 || now.JitterOut.known() || now.RTT != 4 {
		t.Errorf("%+v", now)
	}
	late := event(0, 1, 2, stats("0", "audio", 1000))
	late.Timestamp = time.Time{}
	s.apply(late, 1)
	if len(h.media) != 2 {
		t.Errorf("%+v", h.media[2])
	}
}

// A page cannot show a time that JavaScript cannot represent.
func TestTimesOfPages(t *testing.T) {
	for _, test := range []struct {
		time time.Time
		want int64
	}{
		{time.Time{}, 0}, {epoch, epoch.UnixMilli()}, {time.UnixMilli(maxTime), maxTime},
		{time.UnixMilli(maxTime + 1), 0}, {time.UnixMicro(math.MaxInt64), 0}, {time.UnixMicro(math.MinInt64), 0},
	} {
		if got := unixMilli(test.time); got != test.want {
			t.Errorf("%v is %d, want %d", test.time, got, test.want)
		}
	}
}

// The layers of simulcast are media of their own.
func TestLayers(t *testing.T) {
	s := newState()
	s.tell(0, 1, 2, begin("")...)
	layer := 2
	for second := range int64(2) {
		s.tell(1000*second, 1, 2, stats("1", "video", 1000*second), stats("1", "video-sim1", 2000*second), stats("1", "video-sim2", 3000*second),
			&eventhandler.MediaState{Mid: "1", Substream: &layer, Receiving: true})
	}
	h := s.handle(ids{1, 2})
	if row := h.row(0); row.BitrateIn != 48000 {
		t.Errorf("%+v", row)
	}
	for i, want := range []string{"1", "1/1", "1/2"} {
		if m := h.media[i].message(0); m.ID != want || m.Kind != "video" || m.Mid != "1" || (m.Receiving != nil) != (i == 2) {
			t.Errorf("%+v", m)
		}
	}
}

func TestJanusStartsAgain(t *testing.T) {
	for _, body := range []eventhandler.Body{&eventhandler.ServerShutdown{Signal: 15}, &eventhandler.ServerStarted{Info: janus.InfoMsg{}}} {
		s := newState()
		for id := range uint64(100) {
			s.tell(0, 1+id, 2, begin("")...)
			s.tell(0, 1+id, 2, stats("0", "audio", 0))
		}
		s.check(t, 100, 100, 100)
		s.tell(0, 0, 0, body)
		s.check(t, 0, 0, 0)
	}
}

// An answer of the Admin API is older than the events that come while it is awaited.
func TestAnswersAreOld(t *testing.T) {
	s := newState()
	s.setSessions([]uint64{1, 2, 3})
	s.setHandles(3, []uint64{31, 32}, 1)
	s.check(t, 3, 2, 0)
	s.beginPoll()
	s.tell(0, 4, 41, begin("")...)
	s.tell(0, 1, 0, &eventhandler.SessionEvent{Change: eventhandler.TimedOut})
	s.setSessions([]uint64{1, 3}) // 2 has gone, 1 has since gone, 4 is new
	s.endPoll()
	s.check(t, 2, 3, 1)
	s.beginPoll()
	s.tell(0, 3, 33, begin("")[1])
	s.tell(0, 3, 31, &eventhandler.HandleEvent{Change: eventhandler.Detached})
	s.setHandles(3, []uint64{31, 34}, 2) // 32 has gone, 31 has since gone, 33 is new
	s.endPoll()
	for id, want := range map[uint64]bool{31: false, 32: false, 33: true, 34: true} {
		if got := s.handle(ids{3, id}) != nil; got != want {
			t.Errorf("handle %d is there: %t", id, got)
		}
	}
	s.beginPoll()
	s.setSessions([]uint64{3})
	s.endPoll()
	s.check(t, 1, 2, 0) // an event that was lost: 4
	if s.gone != nil {
		t.Error("what goes is remembered without a poll")
	}
	s.setHandles(99, []uint64{1}, 1) // its session has gone
	s.check(t, 1, 2, 0)

	now := epoch.UnixMilli()
	s.tell(10, 3, 34, begin("")[2:]...)
	s.setInfo(ids{3, 34}, &admin.HandleInfo{Plugin: "p"}, now+9, now+11) // as it was before it was up
	if h := s.handle(ids{3, 34}); !h.up || h.plugin != "p" {
		t.Errorf("%+v", h)
	}
	s.setInfo(ids{3, 34}, &admin.HandleInfo{Plugin: "p"}, now+11, now+12)
	if h := s.handle(ids{3, 34}); h.up {
		t.Errorf("%+v", h)
	}
}

// info returns the answer to handle_info of a handle that has received and sent so many
// bytes at an age.
func info(age time.Duration, mid string, bytes int64) *admin.HandleInfo {
	m := &admin.Medium{Type: "audio", Mid: mid, RTCP: admin.RTCP{Main: &admin.RTCPStats{Base: 48000, Lost: 3, RTT: 9 * time.Millisecond}}}
	m.Codecs.Codec = "opus"
	m.Stats.In.Bytes, m.Stats.In.Packets = bytes, bytes/100
	m.Stats.Out.Bytes, m.Stats.Out.Packets = 2*bytes, 2*bytes/100
	i := &admin.HandleInfo{Plugin: "janus.plugin.echotest", Age: age, WebRTC: &admin.PeerConnection{Media: map[string]*admin.Medium{mid: m}}}
	i.Flags.Ready = true
	i.WebRTC.ICE.State, i.WebRTC.DTLS.State = "ready", "connected"
	return i
}

func TestInfoBecomesState(t *testing.T) {
	s := newState()
	s.setSessions([]uint64{1})
	s.setHandles(1, []uint64{2}, 1)
	id := ids{1, 2}
	s.setInfo(id, info(10*time.Second, "0", 1000), 1, 100_000)
	s.setInfo(id, info(12*time.Second, "0", 3000), 1, 100_500) // it does not matter when it arrives
	h := s.handle(id)
	row := h.row(0)
	want := handleRow{
		Handle: "2", Plugin: "janus.plugin.echotest", ICE: "ready", DTLS: "connected", Up: true,
		BitrateIn: 8000, BitrateOut: 16000, LossIn: 0, LossOut: 0, Loss: 0, RTT: 9,
	}
	if *row != want || h.since != 90_000 {
		t.Errorf("got  %+v\nwant %+v", *row, want)
	}
	if m := h.media[0].message(0); m.Source != "polls" || m.Totals.LostIn != 3 || m.Kind != "audio" || m.Codec != "opus" {
		t.Errorf("%+v", m)
	}
	s.check(t, 1, 1, 1)
	closing := info(13*time.Second, "0", 3000)
	closing.Flags.Alert = true
	s.setInfo(id, closing, 1, 100_800)
	s.check(t, 1, 1, 0)
	s.setInfo(id, info(14*time.Second, "1", 0), 1, 101_000) // renegotiated
	if len(h.media) != 1 || h.media[0].mid != "1" {
		t.Errorf("%+v", h.media)
	}
	s.check(t, 1, 1, 1)
	s.setInfo(ids{1, 3}, info(time.Second, "0", 0), 1, 1) // it has gone
	s.check(t, 1, 1, 1)
}

// The clocks of events and of handle_info differ: there is no rate between the two.
func TestEventsAndInfo(t *testing.T) {
	s := newState()
	s.tell(0, 1, 2, begin("")...)
	s.tell(1000, 1, 2, stats("0", "audio", 1000))
	s.tell(2000, 1, 2, stats("0", "audio", 2000))
	id, now := ids{1, 2}, epoch.UnixMilli()
	h := s.handle(id)
	m := h.media[0]
	s.setInfo(id, info(time.Hour, "0", 1_000_000), now+3000, now+3000)
	if m.fromPolls || m.meter.now.In != 8000 {
		t.Errorf("handle_info was used besides events: %+v", m.meter)
	}
	late := int64(2000 + eventsRule)
	s.setInfo(id, info(time.Hour, "0", 1_000_000), now+late, now+late)
	if !m.fromPolls || m.meter.now.In.known() || m.meter.last.BytesIn != 1_000_000 {
		t.Errorf("handle_info was not used without events: %+v", m.meter)
	}
	s.setInfo(id, info(time.Hour+time.Second, "0", 1_001_000), now+late, now+late+1000)
	if m.meter.now.In != 8000 {
		t.Errorf("%+v", m.meter)
	}
	s.tell(late+2000, 1, 2, stats("0", "audio", 2_000_000))
	if m.fromPolls || m.meter.now.In.known() {
		t.Errorf("the first events: %+v", m.meter)
	}
	s.tell(late+3000, 1, 2, stats("0", "audio", 2_001_000))
	if m.meter.now.In != 8000 {
		t.Errorf("%+v", m.meter)
	}
}

// fill tells of n handles in sessions of their own, with two media that have sent twice.
func (s *state) fill(n uint64) {
	for id := uint64(1); id <= n; id++ {
		s.tell(0, id, id, begin(fmt.Sprintf("participant %d", id))...)
		for second := range int64(2) {
			s.tell(1000*second, id, id, stats("0", "audio", 1000*second), stats("1", "video", 1000*second))
		}
	}
}

func heap() int64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// A handle with two media needs less than perHandle bytes, and the rings less than
// allRings together, however many handles there are.
func TestMemory(t *testing.T) {
	const (
		perHandle = 1500
		allRings  = 20 << 20
	)
	for _, n := range []uint64{10_000, 100_000} {
		before := heap()
		s := newState()
		s.fill(n)
		used := heap() - before
		each := (used - allRings) / int64(n)
		t.Logf("%d handles: %d MB, %d bytes each without the rings", n, used>>20, each)
		if each > perHandle {
			t.Errorf("%d handles take %d bytes each", n, each)
		}
		if rings := s.rings.used.Len(); rings != maxRings {
			t.Errorf("there are %d rings", rings)
		}
		s.check(t, int(n), int(n), int(n))
		s.tell(0, 0, 0, &eventhandler.ServerShutdown{})
		runtime.KeepAlive(s)
		if left := heap() - before; left > used/4 {
			t.Errorf("%d bytes are left of %d after %d handles have gone", left, used, n)
		}
	}
}

// The media of a handle are in the order of their m-lines, in whatever order they
// became known.
func TestOrderOfMedia(t *testing.T) {
	m := newMonitor(t.Context(), config{admins: []string{nowhere}}, testutil.Quiet)
	s := m.servers[0]
	s.tell(t, 1, 2, begin("")...)
	for _, of := range []struct {
		mid, media string
		index      int
	}{{"b", "video-sim1", 1}, {"c", "data", 2}, {"b", "video", 1}, {"a", "audio", 0}} {
		body := stats(of.mid, of.media, 0)
		body.MIndex = of.index
		s.tell(t, 1, 2, body)
	}
	described := info(time.Second, "a", 0)
	described.WebRTC.ICE.RemoteCandidates = []string{"1 1 udp\r\n"}
	w := &watch{id: ids{1, 2}, info: described}
	message, _ := w.message(s, nil)
	got := ""
	for _, medium := range message.Media {
		got += medium.ID + " "
	}
	if got != "a b b/1 c " {
		t.Errorf("the order is %s", got)
	}
	if r := message.Summary.Remote; len(r) != 1 || r[0] != "1 1 udp" {
		t.Errorf("the candidates are %q", r)
	}
}

// What is kept of strings of others, and how much of everything, is limited.
func TestLimits(t *testing.T) {
	s := newState()
	long := string(make([]byte, 1<<20))
	s.tell(0, 1, 2, &eventhandler.HandleEvent{Change: eventhandler.Attached, Plugin: long, OpaqueID: long})
	s.tell(0, 1, 2, &eventhandler.PeerConnectionState{State: eventhandler.Hangup, Reason: long}, &eventhandler.ICEState{State: eventhandler.ICE(long)})
	h := s.handle(ids{1, 2})
	for _, text := range []string{h.plugin, h.opaque, h.hangup, h.ice} {
		if len(text) > maxText {
			t.Errorf("a string of %d bytes is kept", len(text))
		}
	}
	for i := range 2 * maxMediaOfHandle {
		s.tell(0, 1, 2, stats(fmt.Sprint(i), "audio", 0))
	}
	if len(h.media) != maxMediaOfHandle {
		t.Errorf("%d media are kept", len(h.media))
	}
	hidden := func(want int) {
		t.Helper()
		if status := s.status(); status.Hidden != want || status.Handles != maxHandles+want {
			t.Errorf("%+v, want %d that are hidden", status, want)
		}
	}
	for id := uint64(3); id <= maxHandles+11; id++ {
		s.tell(0, 1, id, begin("")[1])
	}
	s.check(t, 1, maxHandles, 0)
	hidden(10)
	s.tell(0, 1, maxHandles+5, &eventhandler.HandleEvent{Change: eventhandler.Detached})
	hidden(9)
	for range 2 {
		s.setSessions([]uint64{1, 2})
		s.setHandles(2, []uint64{1, 2, 3}, 1)
		hidden(12)
	}
	s.beginPoll()
	s.setSessions([]uint64{1})
	hidden(9)
	for id := uint64(3); id <= maxSessions+10; id++ {
		s.tell(0, id, 0, begin("")[0])
	}
	s.check(t, maxSessions, maxHandles, 0)
	if got := cut("für", 2); got != "f" {
		t.Errorf("%q", got)
	}
}
