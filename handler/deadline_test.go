package handler

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
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
