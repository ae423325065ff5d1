package otel_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"time"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/trace/noop"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/admin"
	"github.com/cameronelliott/janus-go/eventhandler"
	"github.com/cameronelliott/janus-go/janustest"
	"github.com/cameronelliott/janus-go/otel"
)

// Count requests. Usually the MeterProvider has an exporter, such as that for
// Prometheus, instead of a ManualReader.
func ExampleInstrument() {
	server := janustest.NewServer()
	defer server.Close()
	reader := sdkmetric.NewManualReader()
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))

	opts := &janus.DialOptions{}
	if err := otel.Instrument(opts, &otel.Options{MeterProvider: meters}); err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	gateway, _, err := janus.Dial(ctx, server.URL, opts)
	if err != nil {
		log.Fatal(err)
	}
	if err := gateway.Ping(ctx, ""); err != nil {
		log.Fatal(err)
	}
	if err := gateway.Shutdown(ctx); err != nil {
		log.Fatal(err)
	}

	var all metricdata.ResourceMetrics
	if err := reader.Collect(ctx, &all); err != nil {
		log.Fatal(err)
	}
	for _, m := range all.ScopeMetrics[0].Metrics {
		if durations, ok := m.Data.(metricdata.Histogram[float64]); ok && m.Name == "rpc.client.call.duration" {
			for _, p := range durations.DataPoints {
				method, _ := p.Attributes.Value("rpc.method")
				fmt.Println(m.Name, method.AsString(), p.Count)
			}
		}
	}
	// Output:
	// rpc.client.call.duration ping 1
}

// Metrics without spans.
func ExampleInstrument_noSpans() {
	opts := &janus.DialOptions{}
	err := otel.Instrument(opts, &otel.Options{TracerProvider: noop.NewTracerProvider()})
	if err != nil {
		log.Fatal(err)
	}
}

// Take the events of Janus servers.
func ExampleNewCollector() {
	collector, err := otel.NewCollector(nil)
	if err != nil {
		log.Fatal(err)
	}
	events := eventhandler.New(collector.Take, &eventhandler.Options{User: "janus", Password: "SECRET"})
	http.Handle("/events", events)
}

// Use the events for something else as well.
func ExampleCollector_Take() {
	collector, err := otel.NewCollector(nil)
	if err != nil {
		log.Fatal(err)
	}
	_ = eventhandler.New(func(ctx context.Context, events []eventhandler.Event) error {
		for _, event := range events {
			if failed, ok := event.Body.(*eventhandler.ICEState); ok && failed.State == eventhandler.ICEFailed {
				log.Printf("ICE has failed for %s", event.OpaqueID)
			}
		}
		return collector.Take(ctx, events)
	}, nil)
}

// Add the figures of the Admin API.
func ExampleCollector_Poll() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	collector, err := otel.NewCollector(nil)
	if err != nil {
		log.Fatal(err)
	}
	client, err := admin.Dial(ctx, "ws://127.0.0.1:7188/", &admin.Options{Secret: "SECRET"})
	if err != nil {
		log.Fatal(err)
	}
	err = collector.Poll(ctx, "my-janus", client, 30*time.Second)
	if !errors.Is(err, context.Canceled) {
		log.Print(err)
	}
}
