// Package query answers questions about the outcomes that a store keeps: which there are in a span of
// time, newest first, without opening what the keys already tell.
package query

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/outcome"
	"github.com/vod-callback/recorder/internal/store"
)

// How much is under way at once. Requests to OSS take tens of milliseconds and hardly any work.
const (
	listAhead      = 8  // days, of all media
	listAheadLimit = 2  // the same where a limit is likely to be met by the first
	mediaAhead     = 32 // days, of one media ID: one small listing each
	getAhead       = 64 // objects
)

// A Query says which outcomes are wanted. The zero Query wants all of them, newest first.
type Query struct {
	Since, Until time.Time // Since <= event time < Until, to the second; a zero time is no bound
	Status       events.Status
	Media        string // the MediaID, or the JobID where there is none
	MediaBegins  bool   // Media is how it begins
	Project      string
	ErrorCode    string // only failed outcomes have one
	Limit        int    // 0 is no limit
	OldestFirst  bool

	// Open says which objects to open besides those that Project or ErrorCode have to look into.
	// Nil is none.
	Open func(store.KeyFacts) bool
	// Known says which keys to leave out, before their objects are opened. Nil is none.
	Known func(key string) bool
	// Problem is told of what cannot be read: keys that are no outcome's, objects that are no record. Such an
	// object's row has its Err set. It is called from several goroutines.
	Problem func(key string, err error)
	// Progress, where it is not nil, is kept up to date.
	Progress *Progress
}

// A Progress counts what a query did.
type Progress struct {
	Days, DaysListed, Keys, Opened atomic.Int64
}

// A Row is one outcome: what its key says and, where the object was opened, the record or why it cannot
// be read.
type Row struct {
	store.KeyFacts
	Key    string
	Opened bool
	Record outcome.Outcome // where Opened, and Err is nil
	Line   []byte          // the record as stored
	Err    error
	fatal  error // why the listing ended early; there is nothing else then
}

// Rows yields the outcomes that q wants. An error is the last thing that it yields.
func (q Query) Rows(ctx context.Context, s store.Store) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		q.Progress = cmp.Or(q.Progress, new(Progress))
		days, err := s.Days(ctx, outcome.Root)
		if err != nil {
			yield(Row{}, err)
			return
		}
		left := q.Limit
		for row := range ordered(ctx, q.keys(ctx, s, q.wanted(days)), q.getAhead(), func(ctx context.Context, k listed) Row {
			return q.open(ctx, s, k)
		}) {
			if row.fatal != nil || ctx.Err() != nil {
				err := cmp.Or(context.Cause(ctx), row.fatal)
				cancel()
				yield(Row{}, err)
				return
			}
			if !q.matches(row) {
				continue
			}
			if left--; !yield(row, nil) || left == 0 {
				cancel() // what is still under way is not wanted any more
				return
			}
		}
		if ctx.Err() != nil {
			yield(Row{}, context.Cause(ctx))
		}
	}
}

// Opened yields rows with their objects opened, in their order. An error is the last thing that it yields.
func (q Query) Opened(ctx context.Context, s store.Store, rows []Row) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		q.Progress = cmp.Or(q.Progress, new(Progress))
		q.Open = func(store.KeyFacts) bool { return true }
		for row := range ordered(ctx, slices.Values(rows), getAhead, func(ctx context.Context, r Row) Row {
			return q.open(ctx, s, listed{key: r.Key})
		}) {
			if ctx.Err() != nil || !yield(row, nil) {
				break
			}
		}
		if ctx.Err() != nil {
			yield(Row{}, context.Cause(ctx))
		}
	}
}

// wanted returns the days that can hold what q wants, in its order.
func (q *Query) wanted(days []string) []string {
	days = slices.DeleteFunc(slices.Clone(days), func(day string) bool {
		return !q.Since.IsZero() && day < q.Since.UTC().Format(time.DateOnly) ||
			!q.Until.IsZero() && day > q.Until.UTC().Format(time.DateOnly)
	})
	slices.Sort(days)
	if !q.OldestFirst {
		slices.Reverse(days)
	}
	q.Progress.Days.Store(int64(len(days)))
	return days
}

func (q *Query) listAhead() int {
	switch {
	case q.Media != "":
		return mediaAhead
	case q.Limit > 0:
		return listAheadLimit
	default:
		return listAhead
	}
}

func (q *Query) getAhead() int {
	switch {
	case q.Limit == 0:
		return getAhead
	case q.inside(): // many may be opened for one that is wanted
		return min(4*q.Limit+12, getAhead)
	default:
		return min(q.Limit, getAhead)
	}
}

// A listed key is kept small, since a day can have very many.
type listed struct {
	key  string
	unix int64 // of the event
	err  error // why the listing ended early; there is nothing else then
}

// keys yields the keys of the days, in q's order. Days are listed side by side.
func (q *Query) keys(ctx context.Context, s store.Store, days []string) iter.Seq[listed] {
	return func(yield func(listed) bool) {
		for keys := range ordered(ctx, slices.Values(days), q.listAhead(), func(ctx context.Context, day string) []listed {
			return q.list(ctx, s, day)
		}) {
			for _, k := range keys {
				if !yield(k) {
					return
				}
			}
		}
	}
}

// list returns what a day has for q, in q's order. A failure is its last element.
func (q *Query) list(ctx context.Context, s store.Store, day string) []listed {
	prefix := outcome.DayPrefix(outcome.Root, day)
	if q.Media != "" {
		prefix = store.MediaPrefix(outcome.Root, day, q.Media)
	}
	if q.MediaBegins {
		prefix = strings.TrimSuffix(prefix, "/")
	}
	var keys []listed
	var failed error
	for o, err := range s.Keys(ctx, prefix) {
		if err != nil {
			failed = err
			break
		}
		q.Progress.Keys.Add(1)
		if q.Known != nil && q.Known(o.Key) {
			continue
		}
		facts, err := store.ParseKey(o.Key)
		if err != nil {
			q.problem(o.Key, err)
			continue
		}
		if q.inKey(facts) {
			keys = append(keys, listed{key: o.Key, unix: facts.Time.Unix()})
		}
		if q.Limit > 0 && !q.inside() && len(keys) >= 4*q.Limit+4096 {
			q.sort(keys)
			keys = keys[:q.Limit]
		}
	}
	q.Progress.DaysListed.Add(1)
	q.sort(keys)
	if failed != nil {
		keys = append(keys, listed{err: failed})
	}
	return keys
}

func (q *Query) sort(keys []listed) {
	slices.SortFunc(keys, func(a, b listed) int {
		order := cmp.Or(cmp.Compare(a.unix, b.unix), strings.Compare(a.key, b.key))
		if !q.OldestFirst {
			order = -order
		}
		return order
	})
}

// inKey says whether the key's facts are what q wants. Times are compared to the second: a key has no
// fractions.
func (q *Query) inKey(k store.KeyFacts) bool {
	return (q.Since.IsZero() || k.Time.Unix() >= q.Since.Unix()) &&
		(q.Until.IsZero() || k.Time.Unix() < q.Until.Unix()) &&
		(q.Status == "" || k.Status == q.Status) &&
		(q.ErrorCode == "" || k.Status == events.Fail)
}

// inside says whether q wants what only the object tells.
func (q *Query) inside() bool { return q.Project != "" || q.ErrorCode != "" }

// matches says whether a row is what q wants. Of an unreadable object it cannot be told; Problem has been
// told of it.
func (q *Query) matches(row Row) bool {
	if row.Err != nil && q.inside() {
		return false
	}
	return (q.Project == "" || row.Record.ProjectID == q.Project) &&
		(q.ErrorCode == "" || row.Record.ErrorCode == q.ErrorCode)
}

// open makes a row of a key, and opens the object where that is wanted.
func (q *Query) open(ctx context.Context, s store.Store, k listed) Row {
	if k.err != nil {
		return Row{fatal: k.err}
	}
	facts, err := store.ParseKey(k.key)
	row := Row{KeyFacts: facts, Key: k.key, Err: err}
	if !q.inside() && (q.Open == nil || !q.Open(facts)) {
		return row
	}
	row.Opened = true
	if row.Line, row.Err = s.Get(ctx, k.key); row.Err == nil {
		row.Record, row.Err = store.ReadRecord(row.Line)
	}
	q.Progress.Opened.Add(1)
	if row.Err != nil && ctx.Err() == nil {
		q.problem(k.key, row.Err)
	}
	return row
}

func (q *Query) problem(key string, err error) {
	if q.Problem != nil {
		q.Problem(key, err)
	}
}
