package main

import (
	"context"
	"errors"
	"iter"
	"strings"
	"sync"
	"time"

	"github.com/vod-callback/recorder/cmd/vodctl/internal/query"
	"github.com/vod-callback/recorder/cmd/vodctl/internal/report"
	"github.com/vod-callback/recorder/internal/outcome"
	"github.com/vod-callback/recorder/internal/store"
)

// laterEvents returns which events that follow a produced edit are recorded since the time range began.
func (r *reporter) laterEvents(ctx context.Context, o report.Options) ([]string, error) {
	days := make([][]string, len(report.LaterEvents))
	errs := make([]error, len(report.LaterEvents))
	var work sync.WaitGroup
	for i, event := range report.LaterEvents { // side by side: most stores have none of them
		work.Go(func() { days[i], errs[i] = r.source.Days(ctx, event) })
	}
	work.Wait()
	var recorded []string
	for i, event := range report.LaterEvents {
		if n := len(days[i]); n > 0 && days[i][n-1] >= o.Since.UTC().Format(time.DateOnly) {
			recorded = append(recorded, event)
		}
	}
	return recorded, errors.Join(errs...)
}

// later follows the produced edits on: what happened to them may have happened after the time range.
func (r *reporter) later(ctx context.Context, b *report.Builder, events []string, o report.Options, bad *problems) error {
	for _, event := range events {
		q := query.Query{Since: o.Since, Open: b.OpensLater, Problem: bad.add}
		for row, err := range q.Rows(ctx, eventStore{r.source, event}) {
			if err != nil {
				return err
			}
			b.AddLater(row)
		}
	}
	return nil
}

// An eventStore is a store whose edits are the records of another event.
type eventStore struct {
	store.Store
	event string
}

// Days implements store.Store.
func (s eventStore) Days(ctx context.Context, _ string) ([]string, error) {
	return s.Store.Days(ctx, s.event)
}

// Keys implements store.Store.
func (s eventStore) Keys(ctx context.Context, prefix string) iter.Seq2[store.Object, error] {
	return s.Store.Keys(ctx, s.event+strings.TrimPrefix(prefix, outcome.Root))
}
