// Package query answers questions about the outcomes that a store keeps: which there are in a time
// range, newest first, without opening what the keys already tell.
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
	// Events are the event types; AllTypes is every type that the store has, and none is ProduceMediaComplete.
	Events       events.Selection
	Since, Until time.Time // Since <= event time < Until, to the second; a zero time is no bound
	Status       events.Status
	Media        string // the MediaID, or the JobID where there is none
	MediaBegins  bool   // Media is how it begins
	Project      string
	ErrorCode    string // only what did not succeed has one
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
		parts, err := q.parts(ctx, s)
		if err != nil {
			yield(Row{}, err)
			return
		}
		left := q.Limit
		for row := range ordered(ctx, q.keys(ctx, s, parts), q.getAhead(), func(ctx context.Context, k listed) Row {
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

// Opened yields rows with their objects opened, in their order; those that are stay as they are. An error is the last thing that it yields.
func (q Query) Opened(ctx context.Context, s store.Store, rows []Row) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		q.Progress = cmp.Or(q.Progress, new(Progress))
		q.Open = func(store.KeyFacts) bool { return true }
		for row := range ordered(ctx, slices.Values(rows), getAhead, func(ctx context.Context, r Row) Row {
			if r.Opened {
				return r
			}
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
	return days
}

// A part is one day of one event type: what one listing returns.
type part struct{ day, eventType string }

// parts returns what can hold what q wants, day by day, in q's order.
func (q *Query) parts(ctx context.Context, s store.Store) ([]part, error) {
	types := []string(q.Events)
	switch {
	case slices.Contains(types, events.AllTypes):
		var err error
		if types, err = s.Types(ctx); err != nil {
			return nil, err
		}
	case len(types) == 0:
		types = []string{outcome.Root}
	}
	type listing struct {
		parts []part
		err   error
	}
	var parts []part
	for l := range ordered(ctx, slices.Values(types), listAhead, func(ctx context.Context, eventType string) (l listing) {
		days, err := s.Days(ctx, eventType)
		for _, day := range q.wanted(days) {
			l.parts = append(l.parts, part{day, eventType})
		}
		l.err = err
		return l
	}) {
		if l.err != nil {
			return nil, l.err
		}
		parts = append(parts, l.parts...)
	}
	slices.SortStableFunc(parts, func(a, b part) int { return q.inOrder(strings.Compare(a.day, b.day)) })
	q.Progress.Days.Store(int64(len(parts)))
	return parts, ctx.Err()
}

// inOrder turns a comparison by time into one in q's order.
func (q *Query) inOrder(order int) int {
	if q.OldestFirst {
		return order
	}
	return -order
}

func (q *Query) listAhead() int {
	switch {
	case q.Media != "":
		return mediaAhead
	case q.Limit > 0 && len(q.Events) < 2 && !slices.Contains(q.Events, events.AllTypes):
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

// keys yields the keys of the parts, in q's order. Parts are listed side by side.
func (q *Query) keys(ctx context.Context, s store.Store, parts []part) iter.Seq[listed] {
	return func(yield func(listed) bool) {
		var day []listed
		n := 0 // of parts
		for keys := range ordered(ctx, slices.Values(parts), q.listAhead(), func(ctx context.Context, p part) []listed {
			return q.list(ctx, s, p)
		}) {
			day = append(day, keys...)
			if n++; n < len(parts) && parts[n].day == parts[n-1].day {
				continue // the next is of the same day
			}
			q.sort(day)
			for _, k := range day {
				if !yield(k) {
					return
				}
			}
			day = day[:0]
		}
	}
}

// list returns what a part has for q, in q's order. A failure is its last element.
func (q *Query) list(ctx context.Context, s store.Store, p part) []listed {
	prefix := outcome.DayPrefix(p.eventType, p.day)
	if q.Media != "" {
		prefix = store.MediaPrefix(p.eventType, p.day, q.Media)
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
		switch {
		case a.err != nil && b.err != nil:
			return 0
		case a.err != nil: // failures come last
			return 1
		case b.err != nil:
			return -1
		default:
			return q.inOrder(cmp.Or(cmp.Compare(a.unix, b.unix), strings.Compare(a.key, b.key)))
		}
	})
}

// inKey says whether the key's facts are what q wants. Times are compared to the second: a key has no
// fractions.
func (q *Query) inKey(k store.KeyFacts) bool {
	return (q.Since.IsZero() || k.Time.Unix() >= q.Since.Unix()) &&
		(q.Until.IsZero() || k.Time.Unix() < q.Until.Unix()) &&
		(q.Status == "" || k.Status == q.Status) &&
		(q.ErrorCode == "" || k.Status != events.Success)
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
