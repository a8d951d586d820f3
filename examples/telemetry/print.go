package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/partnerapi/partnerapi-go/partnertest"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// spanLog is an exporter that records the spans.
type spanLog struct {
	mu    sync.Mutex
	ended []sdktrace.ReadOnlySpan
}

// ExportSpans records spans.
func (l *spanLog) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = append(l.ended, spans...)
	return nil
}

// Shutdown does nothing.
func (l *spanLog) Shutdown(context.Context) error { return nil }

// line is a line of a printed trace, and the time at which it began.
type line struct {
	at   time.Time
	text string
}

// printTraces prints each trace: its root span, then that span's events and child spans by time.
func printTraces(w io.Writer, spans []sdktrace.ReadOnlySpan) {
	for _, root := range spans {
		if root.Parent().IsValid() {
			continue
		}
		_, _ = fmt.Fprintf(w, "trace %s\n%s\n", root.SpanContext().TraceID(), describe(root))
		var lines []line
		for _, event := range root.Events() {
			lines = append(lines, line{event.Time, "  - " + describeAttempt(event)})
		}
		for _, span := range spans {
			if span.Parent().SpanID() == root.SpanContext().SpanID() {
				lines = append(lines, line{span.StartTime(), "  " + describe(span)})
			}
		}
		slices.SortFunc(lines, func(a, b line) int { return a.at.Compare(b.at) })
		for _, l := range lines {
			_, _ = fmt.Fprintln(w, l.text)
		}
		_, _ = fmt.Fprintln(w)
	}
}

func describe(span sdktrace.ReadOnlySpan) string {
	told := []string{span.Name()}
	if status := values(span.Attributes())["http.response.status_code"]; status.AsInt64() != 0 {
		told = append(told, status.String())
	}
	if span.Status().Code == codes.Error {
		told = append(told, strings.TrimSuffix("failed: "+span.Status().Description, ": "))
	}
	return strings.Join(append(told, round(span.EndTime().Sub(span.StartTime()))), "  ")
}

func describeAttempt(event sdktrace.Event) string {
	of := values(event.Attributes)
	told := fmt.Sprintf("%s %s: %s", event.Name, of["partnerapi.attempt"].String(), of["partnerapi.outcome"].String())
	if wait := of["partnerapi.wait"].AsFloat64(); wait > 0 {
		told += ", retried after " + round(time.Duration(wait*float64(time.Second)))
	}
	return told
}

func values(attributes []attribute.KeyValue) map[attribute.Key]attribute.Value {
	found := make(map[attribute.Key]attribute.Value)
	for _, a := range attributes {
		found[a.Key] = a.Value
	}
	return found
}

func round(d time.Duration) string { return d.Round(time.Microsecond).String() }

// propagated counts the calls whose header names one of the spans.
func propagated(calls []partnertest.Call, spans []sdktrace.ReadOnlySpan) (n int) {
	for _, call := range calls {
		ctx := propagation.TraceContext{}.Extract(context.Background(), propagation.HeaderCarrier(call.Header))
		sent := trace.SpanContextFromContext(ctx)
		if slices.ContainsFunc(spans, func(span sdktrace.ReadOnlySpan) bool {
			return span.SpanContext().SpanID() == sent.SpanID() && span.SpanContext().TraceID() == sent.TraceID() && span.Name() == call.Op
		}) {
			n++
		}
	}
	return n
}

// printScrape prints the output of a scrape. In a service, promhttp.HandlerFor(registry, …) serves it.
func printScrape(w io.Writer, registry prometheus.Gatherer) error {
	families, err := registry.Gather()
	for _, family := range families {
		_, failed := expfmt.MetricFamilyToText(w, family)
		err = cmp.Or(err, failed)
	}
	return err
}
