package record

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

const (
	firstPause = 40 * time.Millisecond  // before the second try; then twice as long each time
	maxPause   = 640 * time.Millisecond // between two tries
)

// persist calls try until it succeeds, fails for good, or no time is left. A failed try is followed by
// another after a pause that grows and is jittered, so that many instances do not try in step. A try that
// stays unanswered for three quarters of the time left is given up, so that a hung connection costs time and
// not the record.
func persist(ctx context.Context, try func(context.Context) (Result, error)) (Result, error) {
	if err := ctx.Err(); err != nil { // the rest of a large batch comes too late to begin with
		return 0, fmt.Errorf("no time left to begin: %w", err)
	}
	var cause error
	for tries := 1; ; tries++ {
		result, err := tryOnce(ctx, try)
		if err == nil || !IsPassing(err) {
			return result, err
		}
		if cause == nil || !errors.Is(err, context.DeadlineExceeded) { // what the storage said tells more
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

// left is the time until the deadline, or a good while where there is none.
func left(ctx context.Context) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return 10 * time.Second
	}
	return time.Until(deadline)
}
