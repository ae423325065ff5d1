// Command metrics sends Opus audio to Janus's EchoTest plugin, and serves metrics
// of the client and of the server for Prometheus meanwhile. In the end it prints
// them.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"golang.org/x/sync/errgroup"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/admin"
	"github.com/cameronelliott/janus-go/eventhandler"
	"github.com/cameronelliott/janus-go/examples/media/internal/rtc"
	"github.com/cameronelliott/janus-go/otel"
	"github.com/cameronelliott/janus-go/plugin/echotest"
)

// config has the values of the flags.
type config struct {
	url      string
	duration time.Duration
	loopback bool

	user, password string // of the event handler

	adminURL, adminSecret string
	serverName            string
}

func main() {
	var c config
	listen := flag.String("listen", "127.0.0.1:9464", "`address` of /metrics, and of /events for Janus's event handler")
	flag.StringVar(&c.url, "url", "ws://127.0.0.1:8188/", "websocket `URL` of Janus")
	flag.DurationVar(&c.duration, "duration", 10*time.Second, "how long to send audio")
	flag.BoolVar(&c.loopback, "loopback", false, "use only the loopback addresses of this machine for media")
	flag.StringVar(&c.user, "user", "", "backend_user of Janus's event handler, if it has one")
	flag.StringVar(&c.password, "password", "", "backend_pwd of Janus's event handler")
	flag.StringVar(&c.adminURL, "admin", "", "`URL` of Janus's Admin API, if its figures are wanted")
	flag.StringVar(&c.adminSecret, "admin-secret", "", "admin_secret of Janus")
	flag.StringVar(&c.serverName, "server-name", "", "server_name of Janus, with -admin")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	listener, err := net.Listen("tcp", *listen)
	if err == nil {
		err = run(ctx, listener, c, os.Stdout)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "metrics: %v\n", err)
		os.Exit(1)
	}
}

// run sends audio while it serves on listener, and writes the metrics to out.
func run(ctx context.Context, listener net.Listener, c config, out io.Writer) error {
	registry := prometheus.NewRegistry()
	reader, err := exporter.New(exporter.WithRegisterer(registry))
	if err != nil {
		return fmt.Errorf("make the exporter: %w", err)
	}
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	collector, err := otel.NewCollector(&otel.CollectorOptions{MeterProvider: meters})
	if err != nil {
		return err
	}

	events := eventhandler.New(collector.Take, &eventhandler.Options{User: c.user, Password: c.password})
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.Handle("/events", events)
	server := &http.Server{Handler: mux}

	var group errgroup.Group
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	err = work(ctx, c, meters, collector)
	ctx = context.WithoutCancel(ctx) // an interrupt ends only the work
	if err == nil {
		err = printMetrics(ctx, "http://"+listener.Addr().String()+"/metrics", out)
	}
	return cmp.Or(err, rtc.CleanUp(ctx, events.Shutdown), server.Close(), group.Wait())
}

// work sends audio for some time, while the Admin API is polled.
func work(ctx context.Context, c config, meters metric.MeterProvider, collector *otel.Collector) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var polls errgroup.Group
	if c.adminURL != "" {
		client, err := admin.Dial(ctx, c.adminURL, &admin.Options{Secret: c.adminSecret})
		if err != nil {
			return err
		}
		defer func() { _ = client.Close() }() // everything is read
		polls.Go(func() error { return collector.Poll(ctx, c.serverName, client, time.Second) })
	}
	opts := &janus.DialOptions{KeepAlive: 20 * time.Second}
	if err := otel.Instrument(opts, &otel.Options{MeterProvider: meters}); err != nil {
		return err
	}
	gateway, _, err := janus.Dial(context.WithoutCancel(ctx), c.url, opts)
	if err != nil {
		return err
	}
	err = echo(ctx, gateway, c)
	stop()
	_ = polls.Wait() // it ends with ctx
	return cmp.Or(err, rtc.CleanUp(ctx, gateway.Shutdown))
}

// echo sends audio to the EchoTest.
func echo(ctx context.Context, gateway *janus.Gateway, c config) (err error) {
	ctx, cancel := context.WithTimeout(ctx, c.duration)
	defer cancel()
	session, err := gateway.Create(ctx, "")
	if err != nil {
		return err
	}
	handle, err := session.Attach(ctx, "", echotest.Name)
	if err != nil {
		return err
	}
	peer, err := rtc.NewPeer(handle, c.loopback)
	if err != nil {
		return err
	}
	defer func() { err = peer.Close(err) }()
	if err := peer.AddAudio(webrtc.RTPTransceiverDirectionSendrecv); err != nil {
		return err
	}
	err = peer.Offer(func(offer any) (*janus.JSEP, error) {
		audio, video := true, false
		started, err := echotest.On(handle).Start(ctx, echotest.Start{Audio: &audio, Video: &video}, offer)
		if err != nil {
			return nil, err
		}
		return started.JSEP, nil
	})
	if err != nil {
		return err
	}
	return peer.Run(ctx)
}

// printMetrics writes what Prometheus reads.
func printMetrics(ctx context.Context, url string, out io.Writer) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }() // it is read
	_, err = io.Copy(out, response.Body)
	return err
}
