package soak

import (
	"context"
	"time"
)

// A stall is a time in which the machine did not get to do what was due, which a busy or a virtual one is
// prone to. An answer that is late because of one says nothing of the function.
type stall struct{ from, to time.Time }

// watch returns the stalls until ctx ends: the times by which a tick came late.
func watch(ctx context.Context) (stalls []stall) {
	const tick, tolerated = 10 * time.Millisecond, 40 * time.Millisecond
	timer := time.NewTimer(tick)
	defer timer.Stop()
	for due := time.Now().Add(tick); ; due = time.Now().Add(tick) {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return stalls
		}
		if now := time.Now(); now.Sub(due) > tolerated {
			stalls = append(stalls, stall{due, now})
		}
		timer.Reset(tick)
	}
}

// within is how long the machine stalled between two moments.
func within(stalls []stall, from, to time.Time) (sum time.Duration) {
	for _, s := range stalls {
		if s.from.Before(from) {
			s.from = from
		}
		if s.to.After(to) {
			s.to = to
		}
		if s.to.After(s.from) {
			sum += s.to.Sub(s.from)
		}
	}
	return sum
}
