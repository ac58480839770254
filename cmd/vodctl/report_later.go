package main

import (
	"context"
	"iter"
	"strings"
	"time"

	"github.com/vod-callback/recorder/cmd/vodctl/internal/query"
	"github.com/vod-callback/recorder/cmd/vodctl/internal/report"
	"github.com/vod-callback/recorder/internal/outcome"
	"github.com/vod-callback/recorder/internal/store"
)

// laterEvents returns which events that follow a produced edit are recorded since the time range began.
func (r *reporter) laterEvents(ctx context.Context, o report.Options) ([]string, error) {
	var recorded []string
	for _, event := range report.LaterEvents {
		days, err := r.source.Days(ctx, event)
		if err != nil {
			return nil, err
		}
		if len(days) > 0 && days[len(days)-1] >= o.Since.UTC().Format(time.DateOnly) {
			recorded = append(recorded, event)
		}
	}
	return recorded, nil
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
