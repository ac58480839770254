package main

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/vod-callback/recorder/cmd/vodctl/internal/query"
	"github.com/vod-callback/recorder/cmd/vodctl/internal/report"
	"github.com/vod-callback/recorder/internal/outcome"
	"github.com/vod-callback/recorder/internal/store"
)

// shownRejected is how many rejected deliveries a report opens: the newest.
const shownRejected = 20

// rejected counts the deliveries that were rejected on the days of the time range, and reads the newest.
func (r *reporter) rejected(ctx context.Context, b *report.Builder, o report.Options, bad *problems) error {
	total, err := query.CountRejected(ctx, r.source, o.Since, o.Until, bad.add)
	if err != nil || total == 0 {
		return err
	}
	objects, err := r.newestRejected(ctx, o)
	if err != nil {
		return err
	}
	var newest []report.Rejected
	for _, object := range objects {
		line, err := r.source.Get(ctx, object.Key)
		var kept outcome.Rejected
		if err == nil {
			err = json.Unmarshal(line, &kept)
		}
		if err != nil {
			bad.add(object.Key, err)
			continue
		}
		received, err := time.Parse(time.RFC3339, kept.ReceivedAt)
		if err != nil {
			received = object.Modified
		}
		newest = append(newest, report.Rejected{Time: received, Trigger: kept.Trigger, Reason: kept.Reason})
	}
	slices.SortFunc(newest, func(a, b report.Rejected) int { return cmp.Or(b.Time.Compare(a.Time), cmp.Compare(a.Reason, b.Reason)) })
	b.Rejected(total, newest)
	return nil
}

// newestRejected lists the days of the time range, newest first, until there are enough, and returns what
// was written last.
func (r *reporter) newestRejected(ctx context.Context, o report.Options) ([]store.Object, error) {
	days, err := r.source.Days(ctx, outcome.RejectedRoot)
	if err != nil {
		return nil, err
	}
	var newest []store.Object
	for _, day := range slices.Backward(days) {
		if day < o.Since.UTC().Format(time.DateOnly) || len(newest) >= shownRejected {
			break
		}
		if !o.Until.IsZero() && day > o.Until.UTC().Format(time.DateOnly) {
			continue
		}
		for object, err := range r.source.Keys(ctx, outcome.DayPrefix(outcome.RejectedRoot, day)) {
			if err != nil {
				return nil, err
			}
			if _, err := store.ParseRejectedKey(object.Key); err == nil { // CountRejected has named the others
				newest = append(newest, object)
			}
		}
	}
	slices.SortFunc(newest, func(a, b store.Object) int {
		return cmp.Or(b.Modified.Compare(a.Modified), cmp.Compare(a.Key, b.Key))
	})
	return newest[:min(len(newest), shownRejected)], nil
}
