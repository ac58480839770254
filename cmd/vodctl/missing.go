package main

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/vod-callback/recorder/cmd/vodctl/internal/query"
	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/outcome"
	"github.com/vod-callback/recorder/internal/reconcile"
	"github.com/vod-callback/recorder/internal/store"
)

// reconcileTrigger is the trigger in the record of an edit whose callback never came.
const reconcileTrigger = "reconcile"

// rows yields the rows of q together with the edits whose callback never came, in q's order. reconcile recorded
// those edits; they are shown until there is a record of the same job or media ID.
func (s source) rows(ctx context.Context, q query.Query) iter.Seq2[query.Row, error] {
	if len(q.Events) > 0 && !q.Events.Has(outcome.Root) {
		return q.Rows(ctx, s)
	}
	return func(yield func(query.Row, error) bool) {
		missing, err := s.missing(ctx, q)
		if err != nil {
			yield(query.Row{}, err)
			return
		}
		left := q.Limit
		for row, err := range q.Rows(ctx, s) {
			for err == nil && len(missing) > 0 && inOrder(q, missing[0], row) < 0 {
				if left--; !yield(missing[0], nil) || left == 0 {
					return
				}
				missing = missing[1:]
			}
			if left--; !yield(row, err) || err != nil || left == 0 {
				return
			}
		}
		for _, row := range missing {
			if left--; !yield(row, nil) || left == 0 {
				return
			}
		}
	}
}

// missing returns the edits whose callback never came and that match q, in q's order.
func (s source) missing(ctx context.Context, q query.Query) ([]query.Row, error) {
	var rows []query.Row
	for f, err := range reconcile.Missing(ctx, s, q.Since, q.Until) {
		if err != nil {
			return nil, err
		}
		if f.Err != nil && q.Problem != nil {
			q.Problem(f.Key, f.Err)
		}
		o := f.Outcome
		if f.Err != nil || q.Status != "" && o.Status != q.Status || q.Project != "" && o.ProjectID != q.Project || q.ErrorCode != "" && o.ErrorCode != q.ErrorCode || !isOf(q, o) {
			continue
		}
		rows = append(rows, query.Row{
			KeyFacts: store.KeyFacts{EventType: o.EventType, Day: o.EventTime.UTC().Format(time.DateOnly), Media: o.Subject(), Time: o.EventTime, Status: o.Status},
			Key:      f.Key, Opened: true, Record: o, Line: f.Line,
		})
	}
	slices.SortFunc(rows, func(a, b query.Row) int { return inOrder(q, a, b) })
	return rows, ctx.Err()
}

// isOf reports whether q's media ID is the edit's media ID or job ID.
func isOf(q query.Query, o outcome.Outcome) bool {
	if q.MediaBegins {
		return strings.HasPrefix(o.MediaID, q.Media) || strings.HasPrefix(o.JobID, q.Media)
	}
	return q.Media == "" || o.MediaID == q.Media || o.JobID == q.Media
}

// inOrder compares rows by q's order.
func inOrder(q query.Query, a, b query.Row) int {
	order := cmp.Or(a.Time.Compare(b.Time), strings.Compare(a.Key, b.Key))
	if !q.OldestFirst {
		order = -order
	}
	return order
}

// neverCame reports whether reconcile recorded the edit because no callback arrived.
func neverCame(o outcome.Outcome) bool {
	return o.Trigger == reconcileTrigger && o.EventType == events.TypeProduceMediaComplete
}
