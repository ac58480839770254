package record

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

const (
	firstPause = 40 * time.Millisecond  // before the second try; doubles each time
	maxPause   = 640 * time.Millisecond // the maximum
)

// persist calls try until it succeeds, fails permanently, or no time is left. Between two tries it pauses, with
// exponential backoff and jitter, so that many instances do not retry at the same time. It cancels a try after
// three quarters of the remaining time, so that a hanging connection does not prevent the next try.
func persist(ctx context.Context, try func(context.Context) (Result, error)) (Result, error) {
	if err := ctx.Err(); err != nil { // the rest of a large batch may begin too late
		return 0, fmt.Errorf("no time left for a first try: %w", err)
	}
	var cause error
	for tries := 1; ; tries++ {
		result, err := tryOnce(ctx, try)
		if err == nil || !IsPassing(err) {
			return result, err
		}
		if cause == nil || !errors.Is(err, context.DeadlineExceeded) { // an error of the storage says more than the deadline
			cause = err
		}
		pause := min(firstPause<<min(tries-1, 10), maxPause)
		pause = pause/2 + rand.N(pause/2) //nolint:gosec // G404: jitter, not a secret
		if left(ctx) <= pause {
			return 0, fmt.Errorf("%w (tries: %d; no time for another)", cause, tries)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return 0, fmt.Errorf("%w (tries: %d)", cause, tries)
		}
	}
}

func tryOnce(ctx context.Context, try func(context.Context) (Result, error)) (Result, error) {
	ctx, cancel := context.WithTimeout(ctx, left(ctx)*3/4)
	defer cancel()
	return try(ctx)
}

// left returns the time until the deadline, or a long time if there is none.
func left(ctx context.Context) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return 10 * time.Second
	}
	return time.Until(deadline)
}
