package query

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/vod-callback/recorder/internal/outcome"
	"github.com/vod-callback/recorder/internal/store"
)

// rejectedAhead is the number of rejected records that are read concurrently. They can be large.
const rejectedAhead = 8

// A RejectedRow is one rejected delivery.
type RejectedRow struct {
	Key        string
	ReceivedAt time.Time // of the record or, if Err is set, the day of the key
	Record     outcome.Rejected
	Err        error // the error in reading the record
}

// A RejectedQuery selects rejected deliveries.
type RejectedQuery struct {
	Since, Until time.Time // Since <= time of receipt < Until; a zero time means no limit
	Limit        int       // 0 means no limit
	WithPayload  bool      // include the kept bytes, which can be large
	// Problem is called for each key that is not the key of a rejected record. It is called from several goroutines.
	Problem func(key string, err error)
	// Progress is updated if it is not nil.
	Progress *Progress
}

// Rows yields the rejected deliveries that q selects, newest first. An error ends the sequence.
func (q RejectedQuery) Rows(ctx context.Context, s store.Store) iter.Seq2[RejectedRow, error] {
	return func(yield func(RejectedRow, error) bool) {
		left := q.Limit
		for keys, err := range q.days(ctx, s) {
			if err != nil {
				yield(RejectedRow{}, err)
				return
			}
			rows, err := q.read(ctx, s, keys)
			if err != nil {
				yield(RejectedRow{}, err)
				return
			}
			for _, row := range rows {
				if left--; !yield(row, nil) || left == 0 {
					return
				}
			}
		}
	}
}

// Count returns the number of rejected deliveries that were received on the days of q's time range, in UTC. It
// counts whole days, because it opens no object and the keys contain only the day.
func (q RejectedQuery) Count(ctx context.Context, s store.Store) (int, error) {
	total := 0
	for keys, err := range q.days(ctx, s) {
		if err != nil {
			return 0, err
		}
		total += len(keys)
	}
	return total, nil
}

// days yields the keys of each day of q's time range, newest first.
func (q RejectedQuery) days(ctx context.Context, s store.Store) iter.Seq2[[]string, error] {
	type listing struct {
		keys []string
		err  error
	}
	return func(yield func([]string, error) bool) {
		all, err := s.Days(ctx, outcome.RejectedRoot)
		if err != nil {
			yield(nil, err)
			return
		}
		days := Query{Since: q.Since, Until: q.Until, Problem: q.Problem, Progress: cmp.Or(q.Progress, new(Progress))}
		wanted := days.wanted(all)
		days.Progress.Days.Store(int64(len(wanted)))
		for day := range ordered(ctx, slices.Values(wanted), listAhead, func(ctx context.Context, day string) (l listing) {
			for o, err := range s.Keys(ctx, outcome.DayPrefix(outcome.RejectedRoot, day)) {
				if err != nil {
					return listing{err: err}
				}
				days.Progress.Keys.Add(1)
				if _, err := store.ParseRejectedKey(o.Key); err != nil {
					days.problem(o.Key, err)
					continue
				}
				l.keys = append(l.keys, o.Key)
			}
			days.Progress.DaysListed.Add(1)
			return l
		}) {
			if !yield(day.keys, day.err) || day.err != nil {
				return
			}
		}
		if ctx.Err() != nil {
			yield(nil, context.Cause(ctx))
		}
	}
}

// read returns the rows of a day that q selects, newest first.
func (q RejectedQuery) read(ctx context.Context, s store.Store, keys []string) ([]RejectedRow, error) {
	var rows []RejectedRow
	for row := range ordered(ctx, slices.Values(keys), rejectedAhead, func(ctx context.Context, key string) RejectedRow {
		return q.open(ctx, s, key)
	}) {
		if !row.ReceivedAt.Before(q.Since) && (q.Until.IsZero() || row.ReceivedAt.Before(q.Until)) || row.Err != nil {
			rows = append(rows, row)
		}
	}
	slices.SortFunc(rows, func(a, b RejectedRow) int {
		return cmp.Or(b.ReceivedAt.Compare(a.ReceivedAt), strings.Compare(b.Key, a.Key))
	})
	return rows, context.Cause(ctx)
}

// open reads one record.
func (q RejectedQuery) open(ctx context.Context, s store.Store, key string) RejectedRow {
	row := RejectedRow{Key: key}
	var data []byte
	if data, row.Err = s.Get(ctx, key); row.Err == nil {
		row.Err = json.Unmarshal(data, &row.Record)
	}
	if row.Err == nil && row.Record.Payload == nil && row.Record.PayloadBase64 == nil {
		row.Err = errors.New("there is neither payload nor payload_base64")
	}
	if row.Err == nil {
		row.ReceivedAt, row.Err = time.Parse(time.RFC3339, row.Record.ReceivedAt)
	}
	if row.Err != nil {
		row.Err = fmt.Errorf("not a rejected record: %w", row.Err)
		day, _ := store.ParseRejectedKey(key)
		row.ReceivedAt, _ = time.Parse(time.DateOnly, day) // ParseRejectedKey has checked it
		if ctx.Err() == nil && q.Problem != nil {
			q.Problem(key, row.Err)
		}
	}
	if q.Progress != nil {
		q.Progress.Opened.Add(1)
	}
	if !q.WithPayload {
		row.Record.Payload, row.Record.PayloadBase64 = nil, nil
	}
	return row
}
