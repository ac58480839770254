// Package replay records what the function could not: the outcomes and bodies that lie in full in its
// log, and the events that the current parser finds in what was rejected. Recording the same again changes
// nothing, so a replay can be repeated, or gone on with after an interruption.
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

// An Item is a line of a log, or a rejected record, and what in it is to be recorded.
type Item struct {
	where   fmt.Stringer
	entries []record.Entry
	errs    []error
	// later finds the entries where that takes a request.
	later func(context.Context) ([]record.Entry, error)
}

// A Result says what became of one entry, or of an item that has none.
type Result int

// The results.
const (
	Recorded      Result = iota // now
	Duplicate                   // it was recorded before
	Skipped                     // the item holds nothing to record
	Failed                      // it could not be recorded
	NotUnderstood               // the item should hold an entry and holds none
	numResults
)

// A Report is what became of one entry.
type Report struct {
	Where  string // FILE:LINE, or the key of a rejected record; empty for an item that is Skipped without a reason
	Key    string // of the entry, if there is one
	Result Result
	Err    error // why, where it is not recorded
}

// A Summary counts results.
type Summary struct {
	counts [numResults]int
	// Interrupted says that the context ended before the items did.
	Interrupted bool
}

// Count returns how often r came out.
func (s Summary) Count(r Result) int { return s.counts[r] }

// Complete says whether nothing is left to be done.
func (s Summary) Complete() bool {
	return !s.Interrupted && s.counts[Failed] == 0 && s.counts[NotUnderstood] == 0
}

// Options say how to replay. All fields are required.
type Options struct {
	To          record.Recorder
	Concurrency int           // how many entries are recorded at a time
	Timeout     time.Duration // for one of them, retries included
	// Each is told of every result, one at a time.
	Each func(Report, Summary)
}

// Run records the entries of items. When ctx ends it stops, without waiting for items that do not come.
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

// handle records what is in it. What an interruption kept from being recorded is not reported: it is
// left to the next run.
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

// A skipError says why an item holds nothing to record.
type skipError struct{ error }

func (e skipError) Unwrap() error { return e.error }
