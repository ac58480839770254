package query

import (
	"context"
	"slices"
	"time"

	"github.com/vod-callback/recorder/internal/outcome"
	"github.com/vod-callback/recorder/internal/store"
)

// CountRejected returns how many rejected deliveries were received on the days, in UTC, that [since, until)
// touches: their keys tell the day of receipt and no more. A zero time is no bound.
func CountRejected(ctx context.Context, s store.Store, since, until time.Time, problem func(key string, err error)) (int, error) {
	days, err := s.Days(ctx, outcome.RejectedRoot)
	if err != nil {
		return 0, err
	}
	q := Query{Since: since, Until: until, Problem: problem, Progress: new(Progress)}
	type count struct {
		n   int
		err error
	}
	total := 0
	for c := range ordered(ctx, slices.Values(q.wanted(days)), listAhead, func(ctx context.Context, day string) count {
		var c count
		for o, err := range s.Keys(ctx, outcome.DayPrefix(outcome.RejectedRoot, day)) {
			if err != nil {
				return count{err: err}
			}
			if _, err := store.ParseRejectedKey(o.Key); err != nil {
				q.problem(o.Key, err)
				continue
			}
			c.n++
		}
		return c
	}) {
		if c.err != nil {
			return 0, c.err
		}
		total += c.n
	}
	return total, ctx.Err()
}
