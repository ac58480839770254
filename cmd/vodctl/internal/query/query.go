// Package query finds the outcomes of a time range in a store, newest first. It opens an object only if the key does
// not contain what the query needs.
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

// The numbers of concurrent requests. A request to OSS takes tens of milliseconds and little CPU time.
const (
	listAhead      = 8  // listings of days
	listAheadLimit = 2  // listings of days for a query with a limit
	mediaAhead     = 32 // listings of days for one media ID, which are small
	getAhead       = 64 // objects
)

// A Query selects outcomes. The zero Query selects all of them, newest first.
type Query struct {
	// Events selects the event types. AllTypes selects every type in the store; the default is ProduceMediaComplete.
	Events       events.Selection
	Since, Until time.Time // Since <= event time < Until, in whole seconds; a zero time means no limit
	Status       events.Status
	Media        string // the media ID, or the job ID of an event without a media ID
	MediaBegins  bool   // Media is only the beginning of the ID
	Project      string
	ErrorCode    string // successful outcomes have none
	Limit        int    // 0 means no limit
	OldestFirst  bool

	// Open reports which objects to open in addition to those that Project or ErrorCode need. It may be nil.
	Open func(store.KeyFacts) bool
	// Known reports which keys to leave out before their objects are opened. It may be nil.
	Known func(key string) bool
	// Problem is called for each key that is not the key of an outcome, and for each object that is not a record.
	// The row of such an object has its Err set. Problem is called from several goroutines.
	Problem func(key string, err error)
	// Progress is updated if it is not nil.
	Progress *Progress
}

// A Progress counts the steps of a running query.
type Progress struct {
	Days, DaysListed, Keys, Opened atomic.Int64
}

// A Row is one outcome: the facts of its key and, if the object was opened, the record or the error in reading it.
type Row struct {
	store.KeyFacts
	Key    string
	Opened bool
	Record outcome.Outcome // if Opened, and Err is nil
	Line   []byte          // the record as stored
	Err    error
	fatal  error // the error that ended the listing; then the row has nothing else
}

// Rows yields the outcomes that q selects. An error ends the sequence.
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
				cancel() // stop the requests that are still running
				return
			}
		}
		if ctx.Err() != nil {
			yield(Row{}, context.Cause(ctx))
		}
	}
}

// Opened yields rows in the same order with their objects opened. An error ends the sequence.
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

// wanted returns the days that can contain outcomes of q, in q's order.
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

// parts returns the parts that can contain outcomes of q, day by day, in q's order.
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
	case q.inside(): // many objects may be opened for one that matches
		return min(4*q.Limit+12, getAhead)
	default:
		return min(q.Limit, getAhead)
	}
}

// A listed is a listed key. It is small, because a day can have very many keys.
type listed struct {
	key  string
	unix int64 // of the event
	err  error // the error that ended the listing; then there is no key
}

// keys yields the keys of the parts, in q's order. It lists parts concurrently.
func (q *Query) keys(ctx context.Context, s store.Store, parts []part) iter.Seq[listed] {
	return func(yield func(listed) bool) {
		var day []listed
		n := 0 // of parts
		for keys := range ordered(ctx, slices.Values(parts), q.listAhead(), func(ctx context.Context, p part) []listed {
			return q.list(ctx, s, p)
		}) {
			day = append(day, keys...)
			if n++; n < len(parts) && parts[n].day == parts[n-1].day {
				continue // the next part is of the same day
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

// list returns the keys of a part that match q, in q's order. The last element may be an error.
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
		case a.err != nil: // errors come last
			return 1
		case b.err != nil:
			return -1
		default:
			return q.inOrder(cmp.Or(cmp.Compare(a.unix, b.unix), strings.Compare(a.key, b.key)))
		}
	})
}

// inKey reports whether the facts of a key match q. It compares whole seconds, because a key has no fractions.
func (q *Query) inKey(k store.KeyFacts) bool {
	return (q.Since.IsZero() || k.Time.Unix() >= q.Since.Unix()) &&
		(q.Until.IsZero() || k.Time.Unix() < q.Until.Unix()) &&
		(q.Status == "" || k.Status == q.Status) &&
		(q.ErrorCode == "" || k.Status != events.Success)
}

// inside reports whether q needs the content of objects.
func (q *Query) inside() bool { return q.Project != "" || q.ErrorCode != "" }

// matches reports whether a row matches Project and ErrorCode. An unreadable object matches neither.
func (q *Query) matches(row Row) bool {
	if row.Err != nil && q.inside() {
		return false
	}
	return (q.Project == "" || row.Record.ProjectID == q.Project) &&
		(q.ErrorCode == "" || row.Record.ErrorCode == q.ErrorCode)
}

// open returns the row of a key, and opens the object if necessary.
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
