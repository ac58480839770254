package main

import (
	"context"
	"slices"

	"github.com/vod-callback/recorder/cmd/vodctl/internal/query"
	"github.com/vod-callback/recorder/cmd/vodctl/internal/report"
	"github.com/vod-callback/recorder/events"
)

// laterEvents returns which events that follow a produced edit are recorded.
func (r *reporter) laterEvents(ctx context.Context) (events.Selection, error) {
	recorded, err := r.source.Types(ctx)
	return slices.DeleteFunc(recorded, func(event string) bool { return !slices.Contains(report.LaterEvents, event) }), err
}

// later follows the produced edits on: what happened to them may have happened after the time range.
func (r *reporter) later(ctx context.Context, b *report.Builder, types events.Selection, o report.Options, bad *problems) error {
	if len(types) == 0 {
		return nil
	}
	q := query.Query{Events: types, Since: o.Since, Open: b.OpensLater, Problem: bad.add}
	for row, err := range q.Rows(ctx, r.source) {
		if err != nil {
			return err
		}
		b.AddLater(row)
	}
	return nil
}
