package main

import (
	partnerapi "github.com/partnerapi/partnerapi-go"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Metrics counts and times attempts. Its labels are the API, the operation and the outcome. Their number is limited by
// the operations that a program uses: no label has a value that a caller passes in.
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
			Name: "partnerapi_attempts_total", Help: "Attempts by outcome.",
		}, attempt),
		retries: register.NewCounterVec(prometheus.CounterOpts{
			Name: "partnerapi_retries_total", Help: "Retries.",
		}, call),
		duration: register.NewHistogramVec(prometheus.HistogramOpts{
			Name: "partnerapi_attempt_duration_seconds", Help: "Duration of attempts, without the waits between them.",
			Buckets: []float64{.1, 1, 10}, // an attempt times out after 30 s unless WithTimeout is set
		}, attempt),
	}
}

// Observe records an attempt.
func (m *Metrics) Observe(a partnerapi.Attempt) {
	api, outcome := string(a.API), string(a.Outcome)
	m.attempts.WithLabelValues(api, a.Op, outcome).Inc()
	m.duration.WithLabelValues(api, a.Op, outcome).Observe(a.Duration.Seconds())
	if a.Number > 1 {
		m.retries.WithLabelValues(api, a.Op).Inc()
	}
}
