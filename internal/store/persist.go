package store

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/vod-callback/recorder/internal/record"
)

const (
	maxTries   = 4
	firstPause = 100 * time.Millisecond // then twice as long each time
	patience   = 30 * time.Second       // for one answer
)

// persist calls try until it succeeds, fails for good, or has failed often enough. A reader has time, and
// one overloaded moment among thousands of requests is not to cost the whole answer.
func persist[T any](ctx context.Context, try func(context.Context) (T, error)) (T, error) {
	for n := 0; ; n++ {
		tryCtx, cancel := context.WithTimeout(ctx, patience)
		result, err := try(tryCtx)
		cancel()
		_, tooLarge := errors.AsType[*TooLargeError](err)
		if err == nil || tooLarge || n == maxTries-1 || ctx.Err() != nil || !record.IsPassing(err) {
			return result, err
		}
		pause := firstPause << n
		pause = pause/2 + rand.N(pause) //nolint:gosec // G404: jitter, not a secret
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return result, err
		}
	}
}
