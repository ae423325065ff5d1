package otel

import (
	"errors"

	"go.opentelemetry.io/otel/metric"
)

// builder makes instruments. Its error is that of all of them.
type builder struct {
	meter    metric.Meter
	observed []metric.Observable // the gauges so far
	errs     []error
}

func (b *builder) err() error { return errors.Join(b.errs...) }

// check keeps the error of making an instrument, if any.
func (b *builder) check(err error) {
	if err != nil {
		b.errs = append(b.errs, err)
	}
}

func (b *builder) counter(name, unit, description string) metric.Int64Counter {
	i, err := b.meter.Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(description))
	b.check(err)
	return i
}

func (b *builder) upDownCounter(name, unit, description string) metric.Int64UpDownCounter {
	i, err := b.meter.Int64UpDownCounter(name, metric.WithUnit(unit), metric.WithDescription(description))
	b.check(err)
	return i
}

// gauge makes an instrument that is read by a callback.
func (b *builder) gauge(name, unit, description string) metric.Int64ObservableGauge {
	i, err := b.meter.Int64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(description))
	b.check(err)
	b.observed = append(b.observed, i)
	return i
}

func (b *builder) histogram(name, unit, description string, bounds []float64) metric.Float64Histogram {
	i, err := b.meter.Float64Histogram(name, metric.WithUnit(unit), metric.WithDescription(description),
		metric.WithExplicitBucketBoundaries(bounds...))
	b.check(err)
	return i
}
