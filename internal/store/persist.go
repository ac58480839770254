package store

import (
	"context"
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/aliyun/aliyun-oss-go-sdk/oss"
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
		if err == nil || n == maxTries-1 || ctx.Err() != nil || !passing(err) {
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

// passing says whether a later try may succeed: after 5xx, too many requests, time-outs, broken
// connections and what is no answer of OSS at all, but not after a refusal.
func passing(err error) bool {
	if _, untrusted := errors.AsType[*tls.CertificateVerificationError](err); untrusted {
		return false
	}
	service, ok := errors.AsType[oss.ServiceError](err)
	return !ok || service.StatusCode >= 500 || service.StatusCode == http.StatusTooManyRequests || service.Code == "RequestTimeout"
}
