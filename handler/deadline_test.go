package handler

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vod-callback/recorder/internal/funclog"
	"github.com/vod-callback/recorder/internal/local/sample"
	"github.com/vod-callback/recorder/internal/record"
)

// Whoever looks at a deadline sees what context.WithDeadline would show, waiting or not.
func TestDeadline(t *testing.T) {
	t.Parallel()
	const long, short = 2 * time.Second, time.Second
	for _, tt := range []struct {
		name string
		end  time.Duration // of the deadline; the invocation's own is after 1.5 s
		act  func(d *deadline, cancel context.CancelFunc)
		want error
	}{
		{"goes on", short, func(*deadline, context.CancelFunc) {}, nil},
		{"ends", short, func(*deadline, context.CancelFunc) { time.Sleep(short) }, context.DeadlineExceeded},
		{"ends with the invocation", long, func(*deadline, context.CancelFunc) { time.Sleep(1500 * time.Millisecond) }, context.DeadlineExceeded},
		{"is cancelled with the invocation", short, func(_ *deadline, cancel context.CancelFunc) { cancel() }, context.Canceled},
		{"is stopped", short, func(d *deadline, _ context.CancelFunc) { d.stop() }, context.Canceled},
	} {
		for _, waiting := range []bool{false, true} {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					type key struct{}
					begin := time.Now()
					own, cancel := context.WithDeadline(context.WithValue(context.Background(), key{}, "carried"), begin.Add(1500*time.Millisecond))
					defer cancel()
					d := &deadline{Context: own, end: begin.Add(tt.end)}
					defer d.stop()
					if end, ok := d.Deadline(); !ok || end.Sub(begin) != min(tt.end, 1500*time.Millisecond) {
						t.Errorf("it ends after %v", end.Sub(begin))
					}
					if waiting {
						d.Done()
					}
					tt.act(d, cancel)
					synctest.Wait()
					if err := d.Err(); !errors.Is(err, tt.want) {
						t.Errorf("Err() = %v, want %v", err, tt.want)
					}
					select {
					case <-d.Done():
						if tt.want == nil {
							t.Error("it is done")
						}
					default:
						if tt.want != nil {
							t.Error("it is not done")
						}
					}
					d.stop()
					cancel()
					time.Sleep(long)
					d.Done()
					if err := d.Err(); tt.want != nil && !errors.Is(err, tt.want) {
						t.Errorf("Err() = %v later, and was %v", err, tt.want)
					}
					if d.Value(key{}) != "carried" {
						t.Error("the invocation's values are lost")
					}
				})
			})
		}
	}
}

// What is derived from a deadline ends with it, and costs no goroutine.
func TestDeadlineDerived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &deadline{Context: context.Background(), end: time.Now().Add(time.Second)}
		before := runtime.NumGoroutine()
		derived, cancel := context.WithCancel(d)
		defer cancel()
		if n := runtime.NumGoroutine(); n > before {
			t.Errorf("%d goroutines more", n-before)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if !errors.Is(derived.Err(), context.DeadlineExceeded) {
			t.Errorf("the derived context: %v", derived.Err())
		}
	})
}

// keepsContext is a recorder whose work outlives its answer.
type keepsContext struct{ ctx context.Context }

func (r *keepsContext) Record(ctx context.Context, _ record.Entry) (record.Result, error) {
	r.ctx = ctx
	return record.Recorded, nil
}

// Nothing may go on after the invocation's answer: the instance may be frozen.
func TestInvokeEndsWhatItBegan(t *testing.T) {
	t.Parallel()
	recorder := &keepsContext{}
	h := &Handler{Recorder: recorder, Log: funclog.New(io.Discard, slog.LevelInfo, time.Now), Timeout: time.Hour, Now: time.Now}
	if _, err := h.Invoke(t.Context(), sample.Event{}.JSON()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-recorder.ctx.Done():
	default:
		t.Error("the recorder's context goes on after the answer")
	}
}
