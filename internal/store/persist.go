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
	firstPause = 100 * time.Millisecond // doubles each time
	patience   = 30 * time.Second       // the timeout of one request
)

// persist calls try until it succeeds, fails permanently, or has failed too often. It retries, so that a short
// overload during thousands of requests does not fail the whole command.
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
