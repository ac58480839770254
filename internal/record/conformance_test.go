package record_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vod-callback/recorder/internal/record"
)

// A subject is one recorder with a view of what it kept.
type subject struct {
	recorder record.Recorder
	// read returns what is kept under key, or nil.
	read func(t *testing.T, key string) []byte
}

// testRecorder is the definition of a Recorder: whatever backend passes it is one.
func testRecorder(t *testing.T, open func(*testing.T) subject) {
	t.Run("kept as it is", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		e := newEntry("a/b.json", `{"a":"<é>\u0000"}`)
		wantResult(t, s, e, record.Recorded)
		wantBody(t, s, e)
	})
	t.Run("first body stays", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		first := newEntry("a/b.json", `{"n":1}`)
		wantResult(t, s, first, record.Recorded)
		wantResult(t, s, first, record.Duplicate)
		wantResult(t, s, newEntry("a/b.json", `{"n":2,"longer":true}`), record.Duplicate)
		wantBody(t, s, first)
	})
	t.Run("one winner", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		for round := range 20 {
			key := fmt.Sprintf("race/%d/x.json", round)
			var winners atomic.Int32
			bodies := make([]record.Entry, 16)
			var group sync.WaitGroup
			for i := range bodies {
				bodies[i] = newEntry(key, fmt.Sprintf(`{"writer":%d,"pad":%q}`, i, strings.Repeat("x", 5000)))
				group.Go(func() {
					result, err := s.recorder.Record(t.Context(), bodies[i])
					if err != nil {
						t.Errorf("writer %d: %v", i, err)
					}
					if result == record.Recorded {
						winners.Add(1)
					}
				})
			}
			group.Wait()
			if n := winners.Load(); n != 1 {
				t.Fatalf("round %d: %d writers think they were first", round, n)
			}
			kept, matches := s.read(t, key), 0
			for _, e := range bodies {
				if bytes.Equal(kept, e.Body) {
					matches++
				}
			}
			if matches != 1 {
				t.Fatalf("round %d: what is kept is no writer's body: %.80s", round, kept)
			}
		}
	})
	t.Run("odd keys", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		for i, key := range []string{
			"ProduceMediaComplete/dt=2018-12-26/a%2Fb%2A/20181226T143409Z-success-0929cc80bd73.json",
			"ProduceMediaComplete/dt=2018-12-26/%2E%2E/x.json", "a+b/c d/é.json", "tilde~/under_score/...json",
			"ProduceMediaComplete/dt=2018-12-26/" + strings.Repeat("%2A", 66) + "/x.json",
		} {
			e := newEntry(key, fmt.Sprintf(`{"i":%d}`, i))
			wantResult(t, s, e, record.Recorded)
			wantBody(t, s, e)
		}
	})
	t.Run("after the deadline", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
		defer cancel()
		e := newEntry("late/x.json", `{}`)
		result, err := s.recorder.Record(ctx, e)
		switch {
		case err == nil:
			t.Errorf("Record = %v, want an error", result)
		case s.read(t, e.Key) != nil:
			t.Error("an error, yet it is kept")
		}
	})
}

func newEntry(key, body string) record.Entry {
	return record.Entry{Key: key, Body: []byte(body + "\n")}
}

func wantResult(t *testing.T, s subject, e record.Entry, want record.Result) {
	t.Helper()
	if got, err := s.recorder.Record(t.Context(), e); err != nil || got != want {
		t.Fatalf("Record(%s) = %v, %v; want %v", e.Key, got, err, want)
	}
}

func wantBody(t *testing.T, s subject, e record.Entry) {
	t.Helper()
	if got := s.read(t, e.Key); !bytes.Equal(got, e.Body) {
		t.Fatalf("%s holds %q, want %q", e.Key, got, e.Body)
	}
}
