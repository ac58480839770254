// Package replay records what the function could not record: the outcomes and bodies in its log, and the events that
// the current parser finds in rejected input. Recording the same event again changes nothing, so a replay can be
// repeated, also after an interruption.
package replay

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/vod-callback/recorder/internal/record"
)

// An Item is a line of a log or a rejected record, with the entries to record.
type Item struct {
	where   fmt.Stringer
	entries []record.Entry
	errs    []error
	// later finds the entries, if that needs a request.
	later func(context.Context) ([]record.Entry, error)
}

// A Result is the result for one entry, or for an item without entries.
type Result int

// The results.
const (
	Recorded      Result = iota // now
	Duplicate                   // recorded before
	Skipped                     // the item contains nothing to record
	Failed                      // not recorded because of an error
	NotUnderstood               // the entry that should be in the item cannot be read
	numResults
)

// A Report is the result for one entry.
type Report struct {
	Where  string // FILE:LINE, or the key of a rejected record; empty for an item that is Skipped without a reason
	Key    string // of the entry, if there is one
	Result Result
	Err    error // why it is not recorded
}

// A Summary counts results.
type Summary struct {
	counts [numResults]int
	// Interrupted reports whether the context ended before all items were handled.
	Interrupted bool
}

// Count returns the number of results r.
func (s Summary) Count(r Result) int { return s.counts[r] }

// Complete reports whether every entry is recorded.
func (s Summary) Complete() bool {
	return !s.Interrupted && s.counts[Failed] == 0 && s.counts[NotUnderstood] == 0
}

// Options configure a replay. All fields are required.
type Options struct {
	To          record.Recorder
	Concurrency int           // the number of entries that are recorded concurrently
	Timeout     time.Duration // of one entry, retries included
	// Each is called for every result, never concurrently.
	Each func(Report, Summary)
}

// Run records the entries of items. When ctx ends, it stops, also while it waits for an item.
func Run(ctx context.Context, items iter.Seq[Item], o Options) Summary {
	work := make(chan Item)
	go func() {
		defer close(work)
		for it := range items {
			select {
			case work <- it:
			case <-ctx.Done():
				return
			}
		}
	}()
	reports := make(chan Report)
	var workers sync.WaitGroup
	for range o.Concurrency {
		workers.Go(func() { o.work(ctx, work, reports) })
	}
	go func() { workers.Wait(); close(reports) }()
	var s Summary
	for r := range reports {
		s.counts[r.Result]++
		o.Each(r, s)
	}
	s.Interrupted = ctx.Err() != nil
	return s
}

func (o Options) work(ctx context.Context, work <-chan Item, reports chan<- Report) {
	for {
		select {
		case it, ok := <-work:
			if !ok {
				return
			}
			o.handle(ctx, it, reports)
		case <-ctx.Done():
			return
		}
	}
}

// handle records the entries of it. It does not report entries that an interruption left unrecorded; the next run
// records them.
func (o Options) handle(ctx context.Context, it Item, reports chan<- Report) {
	if it.later != nil {
		var err error
		within, cancel := context.WithTimeout(ctx, o.Timeout)
		it.entries, err = it.later(within)
		cancel()
		skip, isSkip := errors.AsType[skipError](err)
		switch {
		case ctx.Err() != nil:
			return
		case isSkip:
			reports <- Report{Where: it.where.String(), Result: Skipped, Err: skip}
			return
		case err != nil:
			reports <- Report{Where: it.where.String(), Result: Failed, Err: err}
			return
		}
	}
	for _, err := range it.errs {
		reports <- Report{Where: it.where.String(), Result: NotUnderstood, Err: err}
	}
	if len(it.entries)+len(it.errs) == 0 {
		reports <- Report{Result: Skipped}
	}
	for _, e := range it.entries {
		if r, ok := o.record(ctx, e); ok {
			r.Where = it.where.String()
			reports <- r
		}
	}
}

func (o Options) record(ctx context.Context, e record.Entry) (r Report, ok bool) {
	within, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	how, err := o.To.Record(within, e)
	r = Report{Key: e.Key, Result: Recorded, Err: err}
	switch {
	case err != nil:
		r.Result = Failed
	case how == record.Duplicate:
		r.Result = Duplicate
	}
	return r, err == nil || ctx.Err() == nil
}

// A skipError says why an item contains nothing to record.
type skipError struct{ error }

func (e skipError) Unwrap() error { return e.error }
