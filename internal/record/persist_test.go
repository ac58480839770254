package record_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vod-callback/recorder/internal/record"
)

// answerAfter is a try that is answered after d, unless its time ends before.
func answerAfter(d time.Duration, result record.Result, err error) func(context.Context) (record.Result, error) {
	return func(ctx context.Context) (record.Result, error) {
		select {
		case <-time.After(d):
			return result, err
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

const never = time.Hour

// TestPersist plays answers on a clock of its own, with two seconds to go.
func TestPersist(t *testing.T) {
	t.Parallel()
	passing, lasting := &record.AnswerError{Status: 503}, &record.AnswerError{Status: 403}
	type try = func(context.Context) (record.Result, error)
	for _, tt := range []struct {
		name     string
		tries    []try // the last is repeated
		want     record.Result
		says     string // where want is 0
		started  int    // 0: any number
		earliest time.Duration
		latest   time.Duration
	}{
		{"at once", []try{answerAfter(0, record.Recorded, nil)}, record.Recorded, "", 1, 0, 0},
		{"slow", []try{answerAfter(1400*time.Millisecond, record.Recorded, nil)}, record.Recorded, "", 1, 1400 * time.Millisecond, 1400 * time.Millisecond},
		{"too slow", []try{answerAfter(1600*time.Millisecond, record.Recorded, nil), answerAfter(0, record.Duplicate, nil)}, record.Duplicate, "", 2, 1520 * time.Millisecond, 1540 * time.Millisecond},
		{"a hung try costs time and not the record", []try{answerAfter(never, 0, nil), answerAfter(20*time.Millisecond, record.Duplicate, nil)}, record.Duplicate, "", 2, 1540 * time.Millisecond, 1560 * time.Millisecond},
		{"one passing error", []try{answerAfter(0, 0, passing), answerAfter(0, record.Recorded, nil)}, record.Recorded, "", 2, 20 * time.Millisecond, 40 * time.Millisecond},
		{"two passing errors", []try{answerAfter(0, 0, passing), answerAfter(0, 0, passing), answerAfter(0, record.Recorded, nil)}, record.Recorded, "", 3, 60 * time.Millisecond, 120 * time.Millisecond},
		{"an error that lasts", []try{answerAfter(0, 0, lasting)}, 0, "403", 1, 0, 0},
		{"passing errors for ever", []try{answerAfter(0, 0, passing)}, 0, "503", 0, time.Second, 2 * time.Second},
		{"no answer for ever", []try{answerAfter(never, 0, nil)}, 0, "deadline exceeded (tries: ", 0, 1800 * time.Millisecond, 2 * time.Second},
		{"an error after a hung try", []try{answerAfter(never, 0, nil), answerAfter(0, 0, lasting)}, 0, "403", 2, 1520 * time.Millisecond, 1540 * time.Millisecond},
		{"a passing error too late", []try{answerAfter(1490*time.Millisecond, 0, passing), answerAfter(450*time.Millisecond, 0, passing)}, 0, "no time for another", 3, 1900 * time.Millisecond, 2 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				defer cancel()
				var started atomic.Int32
				start := time.Now()
				got, err := record.Persist(ctx, func(ctx context.Context) (record.Result, error) {
					return tt.tries[min(int(started.Add(1)), len(tt.tries))-1](ctx)
				})
				took := time.Since(start)
				if got != tt.want || (err == nil) != (tt.want != 0) || (err != nil && !strings.Contains(err.Error(), tt.says)) {
					t.Errorf("Persist = %v, %v; want %v %s", got, err, tt.want, tt.says)
				}
				if took < tt.earliest || took > tt.latest || (tt.started != 0 && int(started.Load()) != tt.started) {
					t.Errorf("%d tries in %v; want %d in %v to %v", started.Load(), took, tt.started, tt.earliest, tt.latest)
				}
			})
		})
	}
}

func TestPersistWithoutDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var later atomic.Bool
		got, err := record.Persist(t.Context(), func(ctx context.Context) (record.Result, error) {
			if !later.Swap(true) {
				return answerAfter(never, 0, nil)(ctx)
			}
			return record.Recorded, nil
		})
		if got != record.Recorded || err != nil {
			t.Errorf("Persist = %v, %v", got, err)
		}
	})
}
