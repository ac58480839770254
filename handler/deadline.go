package handler

import (
	"context"
	"sync"
	"time"
)

// A deadline is a context that ends at a moment of its own. It is context.WithDeadline but for the timer,
// which starts with the first who waits: to record in the log nobody does, and a timer for each
// invocation costs a twentieth of all its time, since it wakes the thread that waits for the network.
type deadline struct {
	context.Context // that of the invocation
	end             time.Time

	mu      sync.Mutex
	timed   context.Context // once somebody waits; else nil
	cancel  context.CancelFunc
	stopped bool
}

// Deadline returns the end, or that of the invocation where it comes first.
func (d *deadline) Deadline() (time.Time, bool) {
	if end, ok := d.Context.Deadline(); ok && end.Before(d.end) {
		return end, true
	}
	return d.end, true
}

// Done starts the timer.
func (d *deadline) Done() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timed == nil {
		d.timed, d.cancel = context.WithDeadline(d.Context, d.end)
		if d.stopped {
			d.cancel()
		}
	}
	return d.timed.Done()
}

// Err says why nobody should go on, timer or not.
func (d *deadline) Err() error {
	ctx, stopped := d.current()
	switch err := ctx.Err(); {
	case err != nil:
		return err
	case stopped:
		return context.Canceled
	case !time.Now().Before(d.end):
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// Value returns what the invocation's context carries. It asks the context with the timer, if there is
// one: package context so finds that it can end what is derived from it without a goroutine.
func (d *deadline) Value(key any) any {
	ctx, _ := d.current()
	return ctx.Value(key)
}

func (d *deadline) current() (ctx context.Context, stopped bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timed != nil {
		return d.timed, d.stopped
	}
	return d.Context, d.stopped
}

// stop ends the context, and so whatever still waits for it.
func (d *deadline) stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stopped = true
	if d.cancel != nil {
		d.cancel()
	}
}
