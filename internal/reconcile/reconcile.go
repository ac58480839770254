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

// A Comparison compares the edits of a producer with the records in a store.
type Comparison struct {
	Producer     Producer
	Store        store.Store
	Since, Until time.Time     // Since <= end of the edit < Until
	Longest      time.Duration // the maximum time from the submission to the end of an edit
	Progress     *Progress     // updated if it is not nil
}

// A Progress counts the steps of a running comparison.
type Progress struct{ Listed, Names, Opened atomic.Int64 }

// A Result is the result of a comparison: the edits without a record.
type Result struct {
	Ended    int // edits that ended in the time range
	Recorded int // those with a record
	Missing  int // those without a record
	Days     int // the number of days with records in the store, also outside the time range

	producer events.Producer
	findings spool // the raw answers
}

// gcPercent is the GOGC value during a comparison.
const gcPercent = 10

// Run asks the producer first and lists the store afterwards, so that a callback that arrives meanwhile counts. If
// there is an error, there is no result.
func (c Comparison) Run(ctx context.Context) (*Result, error) {
	// A low value saves memory. It costs little time, because the requests take much longer than the collection.
	defer debug.SetGCPercent(debug.SetGCPercent(gcPercent))
	if c.Progress == nil {
		c.Progress = new(Progress)
	}
	days, err := c.Store.Days(ctx, outcome.Root) // fails early if the store does not exist
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

// A StoreError is an error in reading the store.
type StoreError struct{ Err error }

func (e *StoreError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *StoreError) Unwrap() error { return e.Err }

// list adds the edits of the producer to held. It returns the producer's answers about the edits that ended in the
// time range.
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

// collect completes the findings, so that no error can occur after the first one is shown.
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
