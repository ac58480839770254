package main

import (
	"context"

	"github.com/vod-callback/recorder/cmd/vodctl/internal/query"
	"github.com/vod-callback/recorder/cmd/vodctl/internal/report"
)

// rejected counts the deliveries that were rejected on the days of the time range, and reads the newest.
func (r *reporter) rejected(ctx context.Context, b *report.Builder, o report.Options, bad *problems) error {
	q := query.RejectedQuery{Since: o.Since, Until: o.Until, Limit: report.MaxRejected, Problem: bad.add}
	total, err := q.Count(ctx, r.source)
	if err != nil || total == 0 {
		return err
	}
	q.Problem = nil // Count has called it with the keys that are not those of rejected deliveries
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
