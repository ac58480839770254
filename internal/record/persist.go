package record

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/vod-callback/recorder/internal/panics"
)

const (
	firstPause = 40 * time.Millisecond  // before the second try; then twice as long each time
	maxPause   = 640 * time.Millisecond // between two tries
	// patience is how long a try may stay unanswered where no deadline says.
	patience = 5 * time.Second
)

// persist calls try until it succeeds, fails for good, or no time is left.
//
// A failed try is followed by another after a pause that grows and is jittered, so that many instances
// do not knock in step. A try that stays unanswered for most of the time left gets a second one beside
// it: a hung connection then costs time and not the record, while a slow answer still counts, since the
// first try is not given up. There are never more than two at once.
func persist(ctx context.Context, try func(context.Context) (Result, error)) (Result, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // nothing may go on after the invocation's answer: the instance may be frozen
	p := persistence{ctx: ctx, try: try, answers: make(chan answer)}
	if ctx.Err() == nil { // the rest of a large batch comes too late to begin with
		p.start()
	}
	for {
		select {
		case a := <-p.answers:
			p.inFlight--
			if a.err == nil {
				return a.result, nil
			}
			if _, passing := errors.AsType[passingError](a.err); !passing {
				return 0, a.err
			}
			p.failed(a.err)
			if p.inFlight == 0 && p.pause == nil {
				return 0, fmt.Errorf("%w (try %d; no time for another)", a.err, p.tries)
			}
		case <-p.pause:
			p.start()
		case <-p.impatience:
			if p.inFlight == 1 {
				p.start()
			}
		case <-ctx.Done():
			if p.lastErr == nil {
				return 0, fmt.Errorf("no answer in time (tries: %d): %w", p.tries, ctx.Err())
			}
			return 0, fmt.Errorf("no time left (tries: %d): %w", p.tries, p.lastErr)
		}
	}
}

type answer struct {
	result Result
	err    error
}

// A persistence is the state of one call of persist.
type persistence struct {
	ctx      context.Context
	try      func(context.Context) (Result, error)
	answers  chan answer
	inFlight int
	tries    int
	lastErr  error
	// At most one of these is waited for: the pause after a failure, or the time after which a try counts
	// as unanswered.
	pause, impatience <-chan time.Time
}

// start begins a try.
func (p *persistence) start() {
	p.inFlight++
	p.tries++
	p.pause = nil
	p.impatience = time.After(p.left() * 3 / 4)
	go func() {
		result, err := p.guarded()
		select {
		case p.answers <- answer{result, err}:
		case <-p.ctx.Done():
		}
	}()
}

// guarded is try, with a panic as an error: nobody further up the stack could recover from one here.
func (p *persistence) guarded() (result Result, err error) {
	defer panics.Recover(&err)
	return p.try(p.ctx)
}

// failed notes a passing error and, where no other try is under way, arranges for the next one.
func (p *persistence) failed(err error) {
	p.lastErr = err
	if p.inFlight > 0 {
		return
	}
	p.impatience = nil
	pause := min(firstPause<<min(p.tries-1, 10), maxPause)
	pause = pause/2 + rand.N(pause/2) //nolint:gosec // G404: jitter, not a secret
	if pause < p.left() {
		p.pause = time.After(pause)
	}
}

// left is the time until the deadline.
func (p *persistence) left() time.Duration {
	deadline, ok := p.ctx.Deadline()
	if !ok {
		return 2 * patience
	}
	return time.Until(deadline)
}
