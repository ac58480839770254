package reconcile

import (
	"context"
	"iter"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/outcome"
	"github.com/vod-callback/recorder/internal/store"
)

// A Comparison says which edits are held against which store.
type Comparison struct {
	Producer     Producer
	Store        store.Store
	Since, Until time.Time     // Since <= end of the edit < Until
	Longest      time.Duration // how much earlier than its end an edit may have been submitted
	Progress     *Progress     // kept up to date where it is not nil
}

// A Progress counts what a comparison did.
type Progress struct{ Listed, Names, Opened atomic.Int64 }

// A Result says which edits have no record.
type Result struct {
	Ended    int // edits that ended in the time range
	Recorded int // of these, with a record
	Missing  int // of these, without one
	Days     int // that the store has any record of, whatever the time range

	producer events.Producer
	findings spool // the raw answers
}

// gcPercent is how much garbage a comparison lets lie, in percent of what it needs.
const gcPercent = 10

// Run asks the producer first and the store afterwards, so that a callback which comes meanwhile counts.
// An error means that nothing is known: there is no result then.
func (c Comparison) Run(ctx context.Context) (*Result, error) {
	// A day of 100,000 edits is compared in 64 MB. The requests take so long that the collector's work is lost
	// among them.
	defer debug.SetGCPercent(debug.SetGCPercent(gcPercent))
	if c.Progress == nil {
		c.Progress = new(Progress)
	}
	days, err := c.Store.Days(ctx, outcome.Root) // fails now where there is no such store
	if err != nil {
		return nil, &StoreError{err}
	}
	held := newComparison()
	said, err := c.list(ctx, held)
	if err != nil {
		return nil, err
	}
	var prefixes []string
	for _, day := range held.days() {
		prefixes = append(prefixes, outcome.DayPrefix(outcome.Root, day))
	}
	if err := held.look(ctx, c.Store, prefixes, c.Progress); err != nil {
		return nil, &StoreError{err}
	}
	r := &Result{Ended: held.asked(), Days: len(days), producer: c.Producer.Name()}
	missing := held.missing()
	r.Missing = len(missing)
	r.Recorded = r.Ended - r.Missing
	r.findings.writer, said.writer = said.writer, nil
	if err := r.collect(ctx, c.Producer, missing, said); err != nil {
		return nil, err
	}
	return r, nil
}

// A StoreError says that the store could not be read.
type StoreError struct{ Err error }

func (e *StoreError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *StoreError) Unwrap() error { return e.Err }

// list adds what the producer lists to held, and returns what it says of the edits that ended in the time
// range.
func (c Comparison) list(ctx context.Context, held *comparison) (*spool, error) {
	said := new(spool)
	for page, err := range c.Producer.List(ctx, c.Since.Add(-c.Longest), c.Until) {
		if err != nil {
			return nil, err
		}
		var lines [][]byte
		for _, e := range page {
			asked := e.Status != "" && !e.EventTime.Before(c.Since) && e.EventTime.Before(c.Until)
			if !held.add(e, asked, len(said.pages), len(lines)) {
				continue
			}
			lines = append(lines, e.Raw)
		}
		c.Progress.Listed.Add(int64(len(page)))
		if len(lines) == 0 {
			continue
		}
		if err := said.add(lines); err != nil {
			return nil, err
		}
	}
	return said, nil
}

// collect completes the findings, so that nothing can fail any more once the first is shown.
func (r *Result) collect(ctx context.Context, p Producer, missing []entry, said *spool) error {
	for len(missing) > 0 {
		page := missing[0].page
		lines, err := said.page(int(page))
		if err != nil {
			return err
		}
		said.drop(int(page))
		var edits []Edit
		for len(missing) > 0 && missing[0].page == page {
			e, err := Read(p.Name(), lines[missing[0].line])
			if err != nil {
				return err
			}
			edits = append(edits, e)
			missing = missing[1:]
		}
		if err := p.Complete(ctx, edits); err != nil {
			return err
		}
		found := make([][]byte, len(edits))
		for i, e := range edits {
			found[i] = e.Raw
		}
		if err := r.findings.add(found); err != nil {
			return err
		}
	}
	return nil
}

// Findings yields the edits without a record, in the order in which they were submitted, in pages.
func (r *Result) Findings() iter.Seq2[[]Edit, error] {
	return func(yield func([]Edit, error) bool) {
		defer debug.SetGCPercent(debug.SetGCPercent(gcPercent))
		for i := range r.findings.pages {
			edits, err := r.page(i)
			if !yield(edits, err) || err != nil {
				return
			}
		}
	}
}

func (r *Result) page(i int) ([]Edit, error) {
	lines, err := r.findings.page(i)
	if err != nil {
		return nil, err
	}
	edits := make([]Edit, len(lines))
	for i, line := range lines {
		if edits[i], err = Read(r.producer, line); err != nil {
			return nil, err
		}
	}
	return edits, nil
}
