package otel_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"go.opentelemetry.io/otel/attribute"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/admin"
	"github.com/cameronelliott/janus-go/eventhandler"
	"github.com/cameronelliott/janus-go/otel"
	"github.com/cameronelliott/janus-go/trace"
)

var _ otel.Admin = (*admin.Client)(nil)

// everything has each metric recorded, with each attribute that it can have.
func everything(t *testing.T, meters *sdkmetric.MeterProvider) {
	t.Helper()
	opts := new(janus.DialOptions)
	if err := otel.Instrument(opts, &otel.Options{MeterProvider: meters}); err != nil {
		t.Fatal(err)
	}
	useClient(t.Context(), opts.Trace)

	f := feeder{}
	var err error
	if f.collector, err = otel.NewCollector(&otel.CollectorOptions{MeterProvider: meters, MaxTracked: 3}); err != nil {
		t.Fatal(err)
	}
	useServer(t, f)
	f.poll(t, nil)
}

// poll asks an Admin API, which answers or fails, until the end of the test.
func (f *feeder) poll(t *testing.T, err error) {
	t.Helper()
	a := new(fakeAdmin)
	a.set(nil, 0, err)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	go func() { _ = f.collector.Poll(ctx, "janus", a, time.Hour) }()
	synctest.Wait()
}

func useClient(ctx context.Context, hooks *janus.Trace) {
	const server = "wss://janus.example.com/"
	r := trace.Request{Server: server, Verb: "message", Plugin: videoroom, Session: 1, Handle: 2}
	for _, err := range []error{nil, &janus.PluginError{Code: 426}, errors.New("another")} {
		hooks.RequestEnd(hooks.RequestStart(ctx, r), r, trace.Result{Sent: 1, Received: 1, Err: err})
	}
	e := trace.Event{Server: server, Plugin: videoroom, Kind: "EventMsg"}
	hooks.EventDelivered(e)
	hooks.EventDropped(trace.Drop{Event: e, Reason: trace.Overflow, Count: 1})
	d := trace.Dial{Server: server}
	hooks.DialEnd(hooks.DialStart(ctx, d), d, trace.DialResult{Err: errors.New("refused")})
	cause := errors.New("reset")
	hooks.StateChanged(trace.StateChange{Server: server, To: trace.Connected})
	hooks.StateChanged(trace.StateChange{Server: server, From: trace.Connected, To: trace.Reconnecting, Cause: cause})
	hooks.StateChanged(trace.StateChange{Server: server, From: trace.Reconnecting, To: trace.Connected})
}

func useServer(t *testing.T, f feeder) {
	t.Helper()
	f.feed(t, 0, 0, &eventhandler.ServerStarted{})
	f.feed(t, 1, 0, created)
	f.feed(t, 1, 10, attached,
		&eventhandler.ICEState{State: eventhandler.ICEFailed},
		&eventhandler.DTLSState{State: eventhandler.DTLSFailed},
		webrtcUp,
		&eventhandler.MediaStats{
			Mid: "0", Media: "video", RTT: time.Millisecond, Lost: 1, LostByRemote: 1,
			PacketsReceived: 1, PacketsSent: 1, BytesReceived: 1, BytesSent: 1,
			BytesReceivedLastSecond: 1, BytesSentLastSecond: 1,
			NACKsReceived: 1, NACKsSent: 1, RetransmissionsReceived: 1,
		},
		&eventhandler.MediaState{Media: "video"},
		&eventhandler.SlowLink{Media: "video", Direction: eventhandler.Uplink},
		hangup, webrtcUp)
	f.feed(t, 2, 0, created)
	f.feed(t, 3, 0, created, destroyed) // beyond MaxTracked
	f.feed(t, 3, 20, detached)
}

// export returns a MeterProvider, and the registry that has its metrics in the form in
// which Prometheus gets them.
func export(t *testing.T) (*sdkmetric.MeterProvider, *prometheus.Registry) {
	t.Helper()
	registry := prometheus.NewRegistry()
	reader, err := exporter.New(exporter.WithRegisterer(registry))
	if err != nil {
		t.Fatal(err)
	}
	return sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)), registry
}

// families returns the names that Prometheus has for the metrics that use makes, with
// the names of their labels.
func families(t *testing.T, use func(*testing.T, *sdkmetric.MeterProvider)) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	synctest.Test(t, func(t *testing.T) {
		meters, registry := export(t)
		use(t, meters)
		all, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, family := range all {
			labels := map[string]bool{}
			for _, m := range family.GetMetric() {
				for _, label := range m.GetLabel() {
					labels[label.GetName()] = true
				}
			}
			names := []string{family.GetName()}
			if family.GetMetric()[0].GetHistogram() != nil {
				name := names[0]
				names = []string{name + "_bucket", name + "_sum", name + "_count"}
				labels["le"] = true
			}
			for _, name := range names {
				found[name] = slices.Collect(maps.Keys(labels))
			}
		}
	})
	return found
}

// The names are such as Prometheus's linter wants them.
func TestPrometheusNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		meters, registry := export(t)
		everything(t, meters)
		all, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		problems, err := promlint.NewWithMetricFamilies(all).Lint()
		if err != nil {
			t.Fatal(err)
		}
		for _, problem := range problems {
			t.Errorf("%s: %s", problem.Metric, problem.Text)
		}
	})
}

// expressions returns all that the dashboard asks Prometheus for.
func expressions(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("grafana/janus.json")
	if err != nil {
		t.Fatal(err)
	}
	var board any
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	var found []string
	var search func(v any)
	search = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, element := range v {
				search(element)
			}
		case map[string]any:
			for _, key := range []string{"expr", "definition"} {
				if text, ok := v[key].(string); ok {
					found = append(found, text)
				}
			}
			for _, element := range v {
				search(element)
			}
		}
	}
	search(board)
	return found
}

var (
	name     = regexp.MustCompile(`\b(?:janus|rpc)_\w+`)
	selector = regexp.MustCompile(`\b((?:janus|rpc)_\w+)\{([^}]*)\}`)
	grouping = regexp.MustCompile(`by \(([^)]*)\) \((.*?)(?:\{|\[|\))`)
	label    = regexp.MustCompile(`(\w+)\s*(?:=~|!=|!~|=)`)
	query    = regexp.MustCompile(`^label_values\((?:(\w+)|\{__name__=~"([\w|]+)"\}), (\w+)\)$`)
)

// The dashboard names only metrics and labels that exist.
func TestDashboard(t *testing.T) {
	have := families(t, everything)
	exprs := expressions(t)
	if len(exprs) < 40 {
		t.Errorf("only %d expressions", len(exprs))
	}
	for _, expr := range exprs {
		if problem := check(have, expr); problem != "" {
			t.Errorf("%s: %s", problem, expr)
		}
	}
}

// The dashboard lets one choose servers that only send events, and those that are only
// asked, whether or not they answer.
func TestDashboardListsAllServers(t *testing.T) {
	exprs := expressions(t)
	m := query.FindStringSubmatch(exprs[slices.IndexFunc(exprs, query.MatchString)])
	for name, use := range map[string]func(*testing.T, feeder){
		"events": func(t *testing.T, f feeder) { f.feed(t, 0, 0, &eventhandler.ServerStarted{}) },
		"poll":   func(t *testing.T, f feeder) { f.poll(t, nil) },
		"down":   func(t *testing.T, f feeder) { f.poll(t, errors.New("unreachable")) },
	} {
		have := families(t, func(t *testing.T, meters *sdkmetric.MeterProvider) {
			collector, err := otel.NewCollector(&otel.CollectorOptions{MeterProvider: meters})
			if err != nil {
				t.Fatal(err)
			}
			use(t, feeder{collector: collector})
		})
		listed := slices.ContainsFunc(strings.Split(m[1]+m[2], "|"), func(metric string) bool {
			return slices.Contains(have[metric], m[3])
		})
		if !listed {
			t.Errorf("%s: %s lists none of %v", name, m[0], have)
		}
	}
}

// The dashboard adds the packets that were lost to those that arrived, but not to
// those that Janus has sent: they include those that were lost.
func TestDashboardLoss(t *testing.T) {
	lost := regexp.MustCompile(`(0 \* )?rate\(janus_server_media_lost_total\{([^}]*)\}`)
	found := false
	for _, expr := range expressions(t) {
		_, divisor, ok := strings.Cut(expr, " / ")
		if !ok || !strings.Contains(expr, "janus_server_media_lost_total") {
			continue
		}
		found = true
		for _, m := range lost.FindAllStringSubmatch(divisor, -1) {
			if m[1] == "" && !strings.Contains(m[2], `network_io_direction="receive"`) {
				t.Errorf("packets that were lost count twice for transmit: %s", expr)
			}
		}
	}
	if !found {
		t.Error("the dashboard has no ratio of lost packets")
	}
}

// check returns what an expression names that does not exist, or "".
func check(have map[string][]string, expr string) string {
	type use struct{ metric, label string }
	var uses []use
	if m := query.FindStringSubmatch(expr); m != nil {
		for _, metric := range strings.Split(m[1]+m[2], "|") {
			uses = append(uses, use{metric, m[3]})
		}
	}
	for _, m := range selector.FindAllStringSubmatch(expr, -1) {
		for _, l := range label.FindAllStringSubmatch(m[2], -1) {
			uses = append(uses, use{m[1], l[1]})
		}
	}
	for _, m := range grouping.FindAllStringSubmatch(expr, -1) {
		metric := name.FindString(m[2])
		for _, l := range strings.Split(m[1], ", ") {
			uses = append(uses, use{metric, l})
		}
	}
	labels := map[string]bool{}
	for _, u := range uses {
		labels[u.label] = true
		if !slices.Contains(have[u.metric], u.label) {
			return u.metric + " has no " + u.label
		}
	}
	found := false
	for _, n := range name.FindAllString(expr, -1) {
		if labels[n] {
			continue
		}
		found = true
		if have[n] == nil {
			return n + " does not exist"
		}
	}
	if !found {
		return "no metric"
	}
	return ""
}

// The check notices what does not exist.
func TestCheck(t *testing.T) {
	have := map[string][]string{"janus_a_total": {"janus_x"}, "janus_b_bucket": {"le"}}
	for expr, want := range map[string]string{
		`sum by (janus_x) (rate(janus_a_total{janus_x="1"}[5m]))`:                      "",
		`sum(rate(janus_a_total[5m]))`:                                                 "",
		`histogram_quantile(0.5, sum by (le) (rate(janus_b_bucket[5m])))`:              "",
		`label_values(janus_a_total, janus_x)`:                                         "",
		`label_values(janus_a_total, janus_y)`:                                         "janus_a_total has no janus_y",
		`label_values({__name__=~"janus_a_total|janus_b_bucket"}, janus_x)`:            "janus_b_bucket has no janus_x",
		`rate(janus_c_total[5m])`:                                                      "janus_c_total does not exist",
		`rate(janus_a_total{janus_y=~"1"}[5m])`:                                        "janus_a_total has no janus_y",
		`sum by (janus_y) (rate(janus_a_total[5m]))`:                                   "janus_a_total has no janus_y",
		`sum by (janus_x) (janus_a_total) / sum by (janus_x) (janus_b_bucket{le="1"})`: "janus_b_bucket has no janus_x",
		`up`: "no metric",
	} {
		if got := check(have, expr); got != want {
			t.Errorf("%s: %q, want %q", expr, got, want)
		}
	}
}

// The README has every metric and every attribute.
func TestREADMEHasAllNames(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		everything(t, l.meters)
		for metric, attributes := range l.attributes(t) {
			if !strings.Contains(string(text), "`"+metric+"`") {
				t.Errorf("the metric %s is missing", metric)
			}
			for _, key := range attributes {
				if !strings.Contains(string(text), "`"+string(key)+"`") {
					t.Errorf("the attribute %s of %s is missing", key, metric)
				}
			}
		}
	})
}

// No attribute of a metric has the id of a user.
func TestNoIDs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		everything(t, l.meters)
		for metric, attributes := range l.attributes(t) {
			for _, key := range attributes {
				if slices.Contains([]attribute.Key{"janus.session.id", "janus.handle.id"}, key) {
					t.Errorf("%s has %s", metric, key)
				}
			}
		}
	})
}
