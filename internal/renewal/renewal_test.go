package renewal

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestLimit(t *testing.T) {
	t.Parallel()
	now := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	var l Limit
	for range 10 {
		assert.True(t, l.Take(now))
	}
	assert.False(t, l.Take(now))
	assert.False(t, l.Take(now.Add(3999*time.Millisecond)))
	assert.True(t, l.Take(now.Add(4*time.Second)))
	assert.False(t, l.Take(now.Add(4*time.Second)))
	l = Limit{}
	for range 100 { // credentials that live five seconds
		now = now.Add(5 * time.Second)
		assert.True(t, l.Take(now))
	}
}

func TestRejections(t *testing.T) {
	t.Parallel()
	now := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	var r Rejections
	assert.False(t, r.Has("a", now))
	r.Accept("a") // nothing was rejected
	r.Add("a", now)
	assert.True(t, r.Has("a", now.Add(time.Minute-1)))
	assert.True(t, r.Has("b", now), "other operations too, until the server accepts a credential")
	assert.False(t, r.Has("a", now.Add(time.Minute)))
	r.Accept("b")
	assert.True(t, r.Has("a", now))
	assert.False(t, r.Has("b", now))
	r.Accept("a")
	assert.False(t, r.Has("a", now))
	r.Add("a", now)
	r.Add("b", now.Add(time.Minute))
	assert.NotContains(t, r, "a", "expired rejections are dropped")
}
