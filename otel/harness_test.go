package otel_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/cameronelliott/janus-go/eventhandler"
	"github.com/cameronelliott/janus-go/otel"
)

func id(n uint64) string { return strconv.FormatUint(n, 10) }

// lab keeps metrics and spans.
type lab struct {
	reader *sdkmetric.ManualReader
	meters *sdkmetric.MeterProvider
	spans  *tracetest.SpanRecorder
	traces *sdktrace.TracerProvider
}

func newLab(t *testing.T) *lab {
	t.Helper()
	l := &lab{reader: sdkmetric.NewManualReader(), spans: tracetest.NewSpanRecorder()}
	l.meters = sdkmetric.NewMeterProvider(sdkmetric.WithReader(l.reader))
	l.traces = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(l.spans))
	return l
}

// point is a value of a metric: that of a counter or gauge, or how often a histogram
// was recorded.
type point struct {
	attributes attribute.Set
	value      int64
	sum        float64 // of what was recorded in a histogram
}

// points returns the values of all metrics by name.
func (l *lab) points(t *testing.T) map[string][]point {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := l.reader.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	found := map[string][]point{}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			found[m.Name] = pointsOf(t, m.Data)
		}
	}
	return found
}

func pointsOf(t *testing.T, data metricdata.Aggregation) (points []point) {
	t.Helper()
	switch data := data.(type) {
	case metricdata.Sum[int64]:
		for _, p := range data.DataPoints {
			points = append(points, point{attributes: p.Attributes, value: p.Value})
		}
	case metricdata.Gauge[int64]:
		for _, p := range data.DataPoints {
			points = append(points, point{attributes: p.Attributes, value: p.Value})
		}
	case metricdata.Histogram[float64]:
		for _, p := range data.DataPoints {
			points = append(points, point{attributes: p.Attributes, value: int64(p.Count), sum: p.Sum})
		}
	default:
		t.Fatalf("%T is new", data)
	}
	return points
}

// collect returns the values of all metrics, by name and by attributes. Attributes
// that all have are left out.
func (l *lab) collect(t *testing.T) map[string]map[string]int64 {
	t.Helper()
	found := map[string]map[string]int64{}
	for name, points := range l.points(t) {
		found[name] = map[string]int64{}
		for _, p := range points {
			found[name][text(p.attributes)] = p.value
		}
	}
	return found
}

func (l *lab) sums(t *testing.T, name string) map[string]int64 {
	t.Helper()
	return l.collect(t)[name]
}

// text returns attributes as text, without those that all have.
func text(set attribute.Set) string {
	kept, _ := set.Filter(func(kv attribute.KeyValue) bool {
		common := []attribute.Key{"server.address", "server.port", "team", "rpc.system.name", "janus.emitter"}
		return !slices.Contains(common, kv.Key)
	})
	return kept.Encoded(attribute.DefaultEncoder())
}

// check compares the values of a metric.
func (l *lab) check(t *testing.T, name string, want map[string]int64) {
	t.Helper()
	got := l.sums(t, name)
	for attributes, value := range want {
		if got[attributes] != value {
			t.Errorf("%s: %v, want %q to be %d", name, got, attributes, value)
			return
		}
	}
	if len(got) != len(want) {
		t.Errorf("%s: %v, want %v", name, got, want)
	}
}

// total checks the sum of a metric's values.
func (l *lab) total(t *testing.T, name string, want int64) {
	t.Helper()
	var sum int64
	for _, n := range l.sums(t, name) {
		sum += n
	}
	if sum != want {
		t.Errorf("%s: %d, want %d", name, sum, want)
	}
}

// feeder passes events to a Collector.
type feeder struct {
	*lab
	collector *otel.Collector
}

func newFeeder(t *testing.T, tracked int) *feeder {
	t.Helper()
	l := newLab(t)
	collector, err := otel.NewCollector(&otel.CollectorOptions{
		MeterProvider: l.meters,
		Attributes:    []attribute.KeyValue{attribute.String("team", "a")},
		MaxTracked:    tracked,
	})
	if err != nil {
		t.Fatal(err)
	}
	return &feeder{l, collector}
}

// feed passes on an event of a handle, or of a session if handle is 0.
func (f *feeder) feed(t *testing.T, session, handle uint64, bodies ...eventhandler.Body) {
	t.Helper()
	for _, body := range bodies {
		event := eventhandler.Event{
			Emitter: "janus", Type: typeOf(body), Session: session, Handle: handle, Timestamp: time.Now(), Body: body,
		}
		if err := f.collector.Take(t.Context(), []eventhandler.Event{event}); err != nil {
			t.Fatal(err)
		}
	}
}

// typeOf returns the Type of an event, for its kind.
func typeOf(body eventhandler.Body) eventhandler.Type {
	switch body.(type) {
	case *eventhandler.SessionEvent:
		return eventhandler.TypeSession
	case *eventhandler.HandleEvent:
		return eventhandler.TypeHandle
	case *eventhandler.PluginEvent:
		return eventhandler.TypePlugin
	case *eventhandler.MediaState, *eventhandler.SlowLink, *eventhandler.MediaStats:
		return eventhandler.TypeMedia
	case *eventhandler.ServerStarted, *eventhandler.ServerUpdate, *eventhandler.ServerShutdown:
		return eventhandler.TypeCore
	}
	return eventhandler.TypeWebRTC
}

const videoroom = "janus.plugin.videoroom"

var (
	created   = &eventhandler.SessionEvent{Change: eventhandler.Created}
	destroyed = &eventhandler.SessionEvent{Change: eventhandler.Destroyed}
	timedOut  = &eventhandler.SessionEvent{Change: eventhandler.TimedOut}
	attached  = &eventhandler.HandleEvent{Change: eventhandler.Attached, Plugin: videoroom}
	detached  = &eventhandler.HandleEvent{Change: eventhandler.Detached, Plugin: videoroom}
	webrtcUp  = &eventhandler.PeerConnectionState{State: eventhandler.WebRTCUp}
	hangup    = &eventhandler.PeerConnectionState{State: eventhandler.Hangup, Reason: "DTLS alert"}
)

// recorded returns the sum of what was recorded in a histogram.
func (l *lab) recorded(t *testing.T, name string) (sum float64) {
	t.Helper()
	for _, p := range l.points(t)[name] {
		sum += p.sum
	}
	return sum
}

// series returns the values of a gauge by emitter.
func (l *lab) series(t *testing.T, name string) map[string]int64 {
	t.Helper()
	found := map[string]int64{}
	for _, p := range l.points(t)[name] {
		emitter, _ := p.attributes.Value("janus.emitter")
		found[emitter.AsString()] = p.value
	}
	return found
}

// attributes returns the keys of the attributes of all metrics.
func (l *lab) attributes(t *testing.T) map[string][]attribute.Key {
	t.Helper()
	found := map[string][]attribute.Key{}
	for name, points := range l.points(t) {
		found[name] = nil
		for _, p := range points {
			for _, kv := range p.attributes.ToSlice() {
				found[name] = append(found[name], kv.Key)
			}
		}
	}
	return found
}
