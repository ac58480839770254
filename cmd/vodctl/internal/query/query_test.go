package query_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vod-callback/recorder/cmd/vodctl/internal/query"
	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/local/sample"
	"github.com/vod-callback/recorder/internal/outcome"
	"github.com/vod-callback/recorder/internal/record"
	"github.com/vod-callback/recorder/internal/store"
	"github.com/vod-callback/recorder/internal/test/osstest"
)

var end = time.Date(2026, 11, 22, 15, 0, 0, 0, time.UTC)

// A fixture is a bucket with outcomes in it.
type fixture struct {
	server   *osstest.Server
	store    store.Store
	outcomes []outcome.Outcome // newest first
	keys     []string          // theirs
}

// newFixture returns a bucket with n outcomes of the days before end.
func newFixture(t testing.TB, n, days int) *fixture {
	t.Helper()
	server, err := osstest.Start(osstest.Config{})
	check(t, err)
	t.Cleanup(func() { _ = server.Close() })
	server.SetCredentials(osstest.Credentials{AccessKeyID: "id", AccessKeySecret: "secret"})
	server.AddBucket("bucket", osstest.BucketOptions{})
	f := &fixture{server: server}
	f.store, err = store.Open(record.Target{OSS: &record.OSSTarget{Bucket: "bucket", Prefix: "p", Endpoint: server.URL(), Region: server.Region()}},
		func(name string) string {
			return map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_ID": "id", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "secret"}[name]
		})
	check(t, err)
	f.add(t, slices.Collect(sample.History(n, end.AddDate(0, 0, -days), end, 7))...)
	return f
}

// add stores outcomes.
func (f *fixture) add(t testing.TB, all ...outcome.Outcome) {
	t.Helper()
	objects := map[string][]byte{}
	for _, o := range all {
		key, err := o.Key()
		check(t, err)
		objects["p/"+key], err = o.Line()
		check(t, err)
	}
	check(t, f.server.Seed("bucket", maps.All(objects)))
	f.outcomes = append(f.outcomes, all...)
	f.order()
}

func (f *fixture) put(t testing.TB, key string, body []byte) {
	t.Helper()
	check(t, f.server.Seed("bucket", func(yield func(string, []byte) bool) { yield("p/"+key, body) }))
}

// order sorts the outcomes newest first, by time and then by key.
func (f *fixture) order() {
	key := func(o outcome.Outcome) string { k, _ := o.Key(); return k }
	slices.SortFunc(f.outcomes, func(a, b outcome.Outcome) int {
		return cmp.Or(b.EventTime.Compare(a.EventTime), strings.Compare(key(b), key(a)))
	})
	f.keys = nil
	for _, o := range f.outcomes {
		f.keys = append(f.keys, key(o))
	}
}

// collect returns the keys that a query yields.
func collect(t testing.TB, q query.Query, s store.Store) []string {
	t.Helper()
	var keys []string
	for row, err := range q.Rows(t.Context(), s) {
		check(t, err)
		keys = append(keys, row.Key)
	}
	return keys
}

// TestAgainstModel compares the answers of random queries with ones found the obvious way.
func TestAgainstModel(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 250, 9)
	var again []outcome.Outcome
	for i := range 60 { // media with several outcomes, at the same moments
		o := f.outcomes[i%20]
		o.Raw = fmt.Appendf(nil, `{"again":%d}`, i)
		again = append(again, o)
	}
	f.add(t, again...)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 80 {
		var q query.Query
		pick := f.outcomes[random.IntN(len(f.outcomes))]
		maybe := func() bool { return random.IntN(3) == 0 }
		if maybe() {
			q.Since = end.Add(-time.Duration(random.IntN(10*24)) * time.Hour)
		}
		if maybe() {
			q.Until = end.Add(-time.Duration(random.IntN(10*24)) * time.Hour)
		}
		if maybe() {
			q.Until = pick.EventTime.Add(time.Duration(random.IntN(2)) * time.Second)
		}
		if maybe() {
			q.Status = events.Fail
		}
		if maybe() {
			q.Media = pick.MediaID
		}
		if maybe() {
			q.Project = pick.ProjectID
		}
		if maybe() {
			q.ErrorCode = cmp.Or(pick.ErrorCode, "InternalError")
		}
		if maybe() {
			q.Limit = 1 + random.IntN(30)
		}
		q.OldestFirst = maybe()
		var want []string
		for i, o := range f.outcomes {
			if (q.Since.IsZero() || !o.EventTime.Before(q.Since)) && (q.Until.IsZero() || o.EventTime.Before(q.Until)) &&
				(q.Status == "" || o.Status == q.Status) && (q.Media == "" || o.MediaID == q.Media) &&
				(q.Project == "" || o.ProjectID == q.Project) && (q.ErrorCode == "" || o.ErrorCode == q.ErrorCode) {
				want = append(want, f.keys[i])
			}
		}
		if q.OldestFirst {
			slices.Reverse(want)
		}
		if q.Limit > 0 && len(want) > q.Limit {
			want = want[:q.Limit]
		}
		if got := collect(t, q, f.store); !slices.Equal(got, want) {
			t.Fatalf("query %d, %+v: %d rows, want %d\n%q\n%q", i, q, len(got), len(want), got, want)
		}
	}
}

// costs returns how many listings and how many objects a query asked for.
func (f *fixture) costs(t testing.TB, q query.Query) (rows, lists, gets int) {
	t.Helper()
	before := f.server.Stats().Requests
	rows = len(collect(t, q, f.store))
	for _, x := range f.server.Requests()[before:] {
		if x.Key == "" {
			lists++
		} else {
			gets++
		}
	}
	return rows, lists, gets
}

func TestCosts(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 400, 20) // far less than a page for each day
	failed := 0
	for _, o := range f.outcomes {
		if o.Status == events.Fail {
			failed++
		}
	}
	medium := f.outcomes[200]
	everyFail := func(k store.KeyFacts) bool { return k.Status == events.Fail }
	for _, tt := range []struct {
		name              string
		q                 query.Query
		rows, lists, gets int
	}{
		{"everything, by key", query.Query{}, 400, 1 + 21, 0},
		{"failures, by key", query.Query{Status: events.Fail}, failed, 1 + 21, 0},
		{"failures, opened", query.Query{Open: everyFail}, 400, 1 + 21, failed},
		{"a day", query.Query{Since: end.Add(-24 * time.Hour)}, -1, 1 + 2, 0},
		{"a medium", query.Query{Media: medium.MediaID, Open: func(store.KeyFacts) bool { return true }}, 1, 1 + 21, 1},
		{"an error code", query.Query{ErrorCode: "none"}, 0, 1 + 21, failed},
		{"a project", query.Query{Since: end.Add(-15 * time.Hour), Project: "none"}, 0, 1 + 1, -1},
	} {
		rows, lists, gets := f.costs(t, tt.q)
		if tt.rows >= 0 && rows != tt.rows || lists != tt.lists || tt.gets >= 0 && gets != tt.gets {
			t.Errorf("%s: %d rows for %d listings and %d objects; want %d, %d, %d", tt.name, rows, lists, gets, tt.rows, tt.lists, tt.gets)
		}
	}
	// A limit stops early: what is ahead of the last row at that moment, and no more.
	if rows, lists, gets := f.costs(t, query.Query{Limit: 3, Open: func(store.KeyFacts) bool { return true }}); rows != 3 || lists > 1+4 || gets > 6 {
		t.Errorf("limit: %d rows for %d listings and %d objects", rows, lists, gets)
	}
}

// TestEvents has other event types in the store: what is asked of one type costs no listing of another, and all
// of them are told in the order of time.
func TestEvents(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 60, 4)
	edits := slices.Clone(f.keys)
	other := func(eventType string, from int, change func(*outcome.Outcome)) outcome.Outcome {
		o := f.outcomes[from]
		o.EventType, o.EventTime = eventType, o.EventTime.Add(time.Minute)
		o.Raw = fmt.Appendf(nil, `{"type":%q,"from":%d}`, eventType, from)
		change(&o)
		return o
	}
	var others []outcome.Outcome
	for i := range 20 {
		others = append(others,
			other("StreamTranscodeComplete", i, func(o *outcome.Outcome) { o.Status = events.Success }),
			other("TranscodeComplete", i, func(o *outcome.Outcome) { o.Status, o.ErrorCode = events.Fail, "Bad" }),
			other("SnapshotComplete", i, func(o *outcome.Outcome) { o.Status, o.ErrorCode, o.MediaID, o.JobID = "", "", "", "" }))
	}
	f.add(t, others...)
	days := map[string]bool{}
	for _, k := range f.keys {
		days[strings.Split(k, "/")[0]+strings.Split(k, "/")[1]] = true
	}
	one := f.outcomes[slices.IndexFunc(f.outcomes, func(o outcome.Outcome) bool { return o.EventType == "TranscodeComplete" })].MediaID
	for _, tt := range []struct {
		name        string
		q           query.Query
		rows, lists int
	}{
		{"edits", query.Query{}, len(edits), 1 + 5},
		{"everything", query.Query{Events: events.Selection{events.AllTypes}}, len(f.keys), 1 + 4 + len(days)},
		{"two types", query.Query{Events: events.Selection{"StreamTranscodeComplete", "SnapshotComplete"}}, 40, -1},
		{"a type that was never recorded", query.Query{Events: events.Selection{"Never"}}, 0, 1},
		{"failures of a type", query.Query{Events: events.Selection{"TranscodeComplete"}, Status: events.Fail}, 20, -1},
		{"an error code", query.Query{Events: events.Selection{events.AllTypes}, ErrorCode: "Bad"}, 20, -1},
		{"without a status", query.Query{Events: events.Selection{events.AllTypes}, Media: "-"}, 20, -1},
		{"a life", query.Query{Events: events.Selection{events.AllTypes}, Media: one, OldestFirst: true}, 3, 1 + 4 + len(days)},
		{"the newest", query.Query{Events: events.Selection{events.AllTypes}, Limit: 7}, 7, -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rows, lists, _ := f.costs(t, tt.q)
			if rows != tt.rows || tt.lists >= 0 && lists != tt.lists {
				t.Errorf("%d rows for %d listings, want %d for %d", rows, lists, tt.rows, tt.lists)
			}
		})
	}
	if got := collect(t, query.Query{}, f.store); !slices.Equal(got, edits) {
		t.Errorf("edits: %q", got)
	}
	if got := collect(t, query.Query{Events: events.Selection{events.AllTypes}}, f.store); !slices.Equal(got, f.keys) {
		t.Errorf("everything: %q\nwant %q", got, f.keys)
	}
}

func TestProblemsAreNamed(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 50, 2)
	bad := map[string]string{
		"ProduceMediaComplete/dt=2026-11-21/README.md":                                       "hello",
		"ProduceMediaComplete/dt=2026-11-21/m/20261121T000000Z-success-000000000001.json":    `{"schema_version":1,"event_ty`,
		"ProduceMediaComplete/dt=2026-11-21/m/20261121T000000Z-success-000000000002.json":    `{"schema_version":2}`,
		"ProduceMediaComplete/dt=2026-11-21/m/20261121T000000Z-fail-000000000003.json":       ``,
		"ProduceMediaComplete/dt=2026-11-21/m/20261121T000000Z-success-000000000004.json":    `{"name":"somebody else's"}`,
		"ProduceMediaComplete/dt=2026-11-21/m/20261121T000000Z-success-000000000005.json":    strings.Repeat(" ", 4<<20+1),
		"ProduceMediaComplete/dt=2026-11-21/m/20261121T000000Z-success-000000000006.json.gz": `x`,
	}
	for key, body := range bad {
		f.put(t, key, []byte(body))
	}
	var mu sync.Mutex
	named := map[string]error{}
	q := query.Query{Open: func(store.KeyFacts) bool { return true }, Problem: func(key string, err error) {
		mu.Lock()
		defer mu.Unlock()
		if named[key] != nil {
			t.Errorf("%s is named twice", key)
		}
		named[key] = err
	}}
	readable, unreadable := 0, 0
	for row, err := range q.Rows(t.Context(), f.store) {
		check(t, err)
		if row.Err == nil {
			readable++
			continue
		}
		unreadable++
		mu.Lock()
		if !errors.Is(row.Err, named[row.Key]) || row.Media != "m" {
			t.Errorf("%+v: named as %v", row, named[row.Key])
		}
		mu.Unlock()
	}
	if readable != 50 || unreadable != 5 || len(named) != len(bad) {
		t.Errorf("%d rows can be read, %d cannot; %d are named: %v", readable, unreadable, len(named), named)
	}
	for key := range bad {
		if named[key] == nil {
			t.Errorf("%s is not named", key)
		}
	}
	// What a filter would have to look into cannot be said to fit.
	clear(named)
	if rows := collect(t, query.Query{Project: f.outcomes[0].ProjectID, Problem: q.Problem}, f.store); len(rows) != 1 || len(named) != len(bad) {
		t.Errorf("a filter: %q, %d named", rows, len(named))
	}
}

// TestLargeRecord reads a record as large as the function makes them: an event has up to 1 MiB, and text
// is up to six times as long once it is escaped.
func TestLargeRecord(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1, 1)
	large := f.outcomes[0]
	large.MediaID, large.UserData = "large", strings.Repeat("\x01", 1<<20)
	f.add(t, large)
	q := query.Query{Media: "large", Open: func(store.KeyFacts) bool { return true }}
	for row, err := range q.Rows(t.Context(), f.store) {
		if err != nil || row.Err != nil || len(row.Line) < 6<<20 || row.Record.UserData != large.UserData {
			t.Errorf("%d bytes, %v, %v", len(row.Line), err, row.Err)
		}
		return
	}
	t.Error("it is not found")
}

// TestFailure has one day's listing refused: what comes before it is yielded, then the error.
func TestFailure(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 300, 9)
	f.server.SetFault(func(r osstest.Request) osstest.Fault {
		if strings.Contains(r.Query, "2026-11-20") {
			return osstest.Fault{Status: 403}
		}
		return osstest.Fault{}
	})
	rows := 0
	var failure error
	for row, err := range (query.Query{}).Rows(t.Context(), f.store) {
		if err != nil {
			failure = err
			continue
		}
		if row.Key != f.keys[rows] || row.Day <= "2026-11-20" || failure != nil {
			t.Fatalf("row %d is %s", rows, row.Key)
		}
		rows++
	}
	if rows == 0 || failure == nil || !strings.Contains(failure.Error(), "403") {
		t.Errorf("%d rows, then %v", rows, failure)
	}
	f.server.SetFault(func(osstest.Request) osstest.Fault { return osstest.Fault{Status: 403} })
	for row, err := range (query.Query{}).Rows(t.Context(), f.store) {
		if err == nil {
			t.Errorf("without days: %+v", row)
		}
	}
	if _, err := (query.RejectedQuery{}).Count(t.Context(), f.store); err == nil {
		t.Error("rejected ones cannot be counted, and that is no error")
	}
}

// TestInterrupt ends the context in the middle, with requests under way that would never be answered.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 300, 9)
	hung := make(chan struct{}, 1000)
	f.server.SetFault(func(r osstest.Request) osstest.Fault {
		if strings.Contains(r.Key, "dt=2026-11-20") {
			hung <- struct{}{}
			return osstest.Fault{Break: osstest.Hang}
		}
		return osstest.Fault{}
	})
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	go func() {
		<-hung
		interrupt()
	}()
	rows := 0
	var failure error
	for row, err := range (query.Query{Open: func(store.KeyFacts) bool { return true }}).Rows(ctx, f.store) {
		if err != nil {
			failure = err
			break
		}
		if row.Err != nil {
			t.Errorf("row %d is called unreadable: %v", rows, row.Err)
		}
		rows++
	}
	if failure == nil || ctx.Err() == nil {
		t.Errorf("%d rows, then %v", rows, failure)
	}
}

func TestRejectedCount(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1, 1)
	for i, day := range []int{-3, -2, -1, 0, 0} {
		key, err := outcome.NewRejected("no", []byte{byte(i)}, outcome.Facts{ReceivedAt: end.AddDate(0, 0, day).Format(outcome.TimeFormat)}).Key()
		check(t, err)
		f.put(t, key, []byte("{}"))
	}
	f.put(t, "rejected/dt=2026-11-22/notes", []byte("x"))
	problems := 0
	n, err := query.RejectedQuery{Since: end.AddDate(0, 0, -1), Problem: func(string, error) { problems++ }}.Count(t.Context(), f.store)
	if n != 3 || err != nil || problems != 1 {
		t.Errorf("Count = %d, %v, %d problems", n, err, problems)
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
