package main

import (
	partnerapi "github.com/partnerapi/partnerapi-go"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Metrics counts and times attempts. Its labels are the API, the operation and the outcome, of which a program has as
// many as it has operations: nothing that a caller passes in is one.
type Metrics struct {
	attempts, retries *prometheus.CounterVec
	duration          *prometheus.HistogramVec
}

// NewMetrics registers the metrics.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	register, call := promauto.With(registry), []string{"api", "op"}
	attempt := append(call, "outcome")
	return &Metrics{
		attempts: register.NewCounterVec(prometheus.CounterOpts{
			Name: "partnerapi_attempts_total", Help: "Requests made, by what is known of them.",
		}, attempt),
		retries: register.NewCounterVec(prometheus.CounterOpts{
			Name: "partnerapi_retries_total", Help: "Requests made to send a call again.",
		}, call),
		duration: register.NewHistogramVec(prometheus.HistogramOpts{
			Name: "partnerapi_attempt_duration_seconds", Help: "How long requests took, waits between them apart.",
			Buckets: []float64{.1, 1, 10}, // an attempt ends after 30 s, unless WithTimeout says otherwise
		}, attempt),
	}
}

// Observe adds an attempt.
func (m *Metrics) Observe(a partnerapi.Attempt) {
	api, outcome := string(a.API), string(a.Outcome)
	m.attempts.WithLabelValues(api, a.Op, outcome).Inc()
	m.duration.WithLabelValues(api, a.Op, outcome).Observe(a.Duration.Seconds())
	if a.Number > 1 {
		m.retries.WithLabelValues(api, a.Op).Inc()
	}
}
