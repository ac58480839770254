package handler

import (
	"context"
	"sync"
	"time"
)

// A deadline is a context that ends at a moment of its own. It is context.WithDeadline but for the timer,
// which starts with the first who waits. To record in the log nobody does, and the timer would be a tenth of
// an invocation's allocations, and 3 % of all that it takes.
type deadline struct {
	context.Context // that of the invocation
	end             time.Time

	mu     sync.Mutex
	timed  context.Context // once somebody waits; else nil
	cancel context.CancelFunc
	err    error // once it ended without anybody waiting
}

// Deadline returns the end, or that of the invocation where it comes first.
func (d *deadline) Deadline() (time.Time, bool) {
	if end, ok := d.Context.Deadline(); ok && end.Before(d.end) {
		return end, true
	}
	return d.end, true
}

// Done starts the timer, unless all has ended before.
func (d *deadline) Done() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timed == nil && d.ended() {
		d.timed, d.cancel = context.WithCancel(d.Context)
		d.cancel()
	}
	if d.timed == nil {
		d.timed, d.cancel = context.WithDeadline(d.Context, d.end)
	}
	return d.timed.Done()
}

// Err says why nobody should go on. Once the timer runs it alone decides, so that Err and Done agree.
func (d *deadline) Err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timed != nil && d.err == nil {
		return d.timed.Err()
	}
	d.ended()
	return d.err
}

// ended says whether d has ended as long as no timer runs, and notes why: it never says otherwise again.
func (d *deadline) ended() bool {
	if d.err == nil {
		d.err = d.Context.Err()
	}
	if d.err == nil && !time.Now().Before(d.end) {
		d.err = context.DeadlineExceeded
	}
	return d.err != nil
}

// stop ends the context, and so whatever still waits for it.
func (d *deadline) stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timed != nil {
		d.cancel()
	} else if !d.ended() {
		d.err = context.Canceled
	}
}

// Value returns what the invocation's context carries. It asks the context with the timer, if there is
// one: package context so finds that it can end what is derived from it without a goroutine.
func (d *deadline) Value(key any) any {
	d.mu.Lock()
	ctx := d.Context
	if d.timed != nil {
		ctx = d.timed
	}
	d.mu.Unlock()
	return ctx.Value(key)
}
