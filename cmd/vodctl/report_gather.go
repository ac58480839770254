package main

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/vod-callback/recorder/cmd/vodctl/internal/query"
	"github.com/vod-callback/recorder/cmd/vodctl/internal/report"
	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/store"
)

// gather adds everything that the report shows to b.
func (r *reporter) gather(ctx context.Context, b *report.Builder, o report.Options, bad *problems) error {
	types, err := r.laterEvents(ctx)
	if err != nil {
		return err
	}
	if len(types) > 0 {
		b.ExpectLater()
	}
	newest, err := r.edits(ctx, b, o, bad)
	if err != nil {
		return err
	}
	if err := r.lastHeard(ctx, b, newest); err != nil {
		return err
	}
	if err := r.rejected(ctx, b, o, bad); err != nil {
		return err
	}
	if err := r.missing(ctx, b, o, bad); err != nil {
		return err
	}
	return r.later(ctx, b, types, o, bad)
}

// edits adds the outcomes of the time range and of the previous one. It returns the newest outcome.
func (r *reporter) edits(ctx context.Context, b *report.Builder, o report.Options, bad *problems) (newest query.Row, err error) {
	q := query.Query{
		Since: o.Before(), Until: o.Until,
		Open:     func(k store.KeyFacts) bool { return b.Opens(k.Status) },
		Problem:  bad.add,
		Progress: new(query.Progress),
	}
	line := showProgress(r.stderr, func() string { return queryInWords(q.Progress) })
	defer line.stop()
	for row, err := range q.Rows(ctx, r.source) {
		if err != nil {
			return newest, err
		}
		if newest.Key == "" {
			newest = row
		}
		b.Add(row)
	}
	return newest, nil
}

// lastHeard finds when the last callback was received. newest is the newest outcome of the report. If the report
// has none, lastHeard looks for an older one.
func (r *reporter) lastHeard(ctx context.Context, b *report.Builder, newest query.Row) error {
	if newest.Key == "" {
		for row, err := range (query.Query{Limit: 1}).Rows(ctx, r.source) {
			if err != nil {
				return err
			}
			newest = row
		}
	}
	if newest.Key == "" {
		return nil
	}
	b.Heard(newest.Time)
	var record struct {
		ReceivedAt time.Time `json:"received_at"`
	}
	if line, err := r.source.Get(ctx, newest.Key); err == nil && json.Unmarshal(line, &record) == nil {
		b.Heard(record.ReceivedAt)
	} // If the record cannot be read, the report uses the time of the event instead.
	return context.Cause(ctx)
}

// rejected counts the deliveries that were rejected on the days of the time range, and reads the newest ones.
func (r *reporter) rejected(ctx context.Context, b *report.Builder, o report.Options, bad *problems) error {
	q := query.RejectedQuery{Since: o.Since, Until: o.Until, Limit: report.MaxRejected, Problem: bad.add}
	total, err := q.Count(ctx, r.source)
	if err != nil || total == 0 {
		return err
	}
	q.Problem = nil // Count has already reported the keys that are not rejected deliveries
	var newest []report.Rejected
	for row, err := range q.Rows(ctx, r.source) {
		if err != nil {
			return err
		}
		if row.Err != nil {
			bad.add(row.Key, row.Err)
			continue
		}
		newest = append(newest, report.Rejected{Time: row.ReceivedAt, Trigger: row.Record.Trigger, Reason: row.Record.Reason})
	}
	b.Rejected(total, newest)
	return nil
}

// missing adds the edits without a callback that vodctl reconcile or its function has recorded.
func (r *reporter) missing(ctx context.Context, b *report.Builder, o report.Options, bad *problems) error {
	rows, err := r.source.missing(ctx, query.Query{Since: o.Since, Until: o.Until, Problem: bad.add})
	for _, row := range rows {
		e := row.Record
		b.AddMissing(report.Missing{
			Time: e.EventTime, Status: e.Status, Media: e.MediaID, Job: e.JobID, Project: e.ProjectID, Code: e.ErrorCode, Message: e.ErrorMessage,
		})
	}
	return err
}

// laterEvents returns the recorded event types that can follow a produced edit.
func (r *reporter) laterEvents(ctx context.Context) (events.Selection, error) {
	recorded, err := r.source.Types(ctx)
	return slices.DeleteFunc(recorded, func(event string) bool { return !slices.Contains(report.LaterEvents, event) }), err
}

// later adds the later events of the produced edits. These may have happened after the time range.
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
