package main

import (
	"context"

	"github.com/vod-callback/recorder/cmd/vodctl/internal/report"
	"github.com/vod-callback/recorder/internal/reconcile"
)

// missing adds the edits that ended without a callback, as far as vodctl reconcile or its function found them.
func (r *reporter) missing(ctx context.Context, b *report.Builder, o report.Options, bad *problems) error {
	for f, err := range reconcile.Missing(ctx, r.source, o.Since, o.Until) {
		if err != nil {
			return err
		}
		if f.Err != nil {
			bad.add(f.Key, f.Err)
			continue
		}
		e := f.Outcome
		b.AddMissing(report.Missing{
			Time: e.EventTime, Status: e.Status, Media: e.MediaID, Job: e.JobID, Project: e.ProjectID, Code: e.ErrorCode, Message: e.ErrorMessage,
		})
	}
	return nil
}
