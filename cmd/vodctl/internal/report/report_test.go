package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vod-callback/recorder/cmd/vodctl/internal/query"
	"github.com/vod-callback/recorder/cmd/vodctl/internal/report"
	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/local/sample"
	"github.com/vod-callback/recorder/internal/store"
)

var end = time.Date(2026, 11, 22, 15, 0, 0, 0, time.UTC)

// options are of the two weeks before end, looked at then.
func options() report.Options {
	return report.Options{Source: "oss://bucket/<prefix>", Since: end.AddDate(0, 0, -14), Now: end, Location: time.UTC}
}

func rowOf(media string, at time.Time, status events.Status) query.Row {
	return query.Row{KeyFacts: store.KeyFacts{Media: media, Time: at, Status: status}, Opened: status == events.Fail}
}

// laterOf returns row as one of another event.
func laterOf(event string, row query.Row) query.Row {
	row.EventType = event
	return row
}

// failureOf returns a failed outcome of some time before end.
func failureOf(ago time.Duration, code, message, project string) query.Row {
	row := rowOf("m", end.Add(-ago), events.Fail)
	row.Record.ErrorCode, row.Record.ErrorMessage, row.Record.ProjectID = code, message, project
	return row
}

// addAll adds rows newest first.
func addAll(b *report.Builder, rows ...query.Row) {
	slices.SortStableFunc(rows, func(a, b query.Row) int { return b.Time.Compare(a.Time) })
	for _, row := range rows {
		b.Add(row)
	}
}

// addHistory adds three weeks of sample outcomes.
func addHistory(b *report.Builder) {
	history := slices.Collect(sample.History(3000, end.AddDate(0, 0, -21), end.Add(-time.Hour), 1))
	slices.Reverse(history)
	for _, o := range history {
		row := rowOf(o.MediaID, o.EventTime, o.Status)
		if row.Opened {
			row.Record = o
		}
		b.Add(row)
	}
}

func page(t testing.TB, r report.Report) string {
	t.Helper()
	r.View.Command = func(args ...string) string { return "vodctl " + strings.Join(args, " ") + " --from STORE" }
	var b bytes.Buffer
	check(t, r.Write(&b))
	return b.String()
}

func TestReport(t *testing.T) {
	t.Parallel()
	b := report.NewBuilder(options())
	broken := rowOf("m", end.Add(-5*time.Minute), events.Fail)
	broken.Err = errors.New("truncated")
	rows := []query.Row{
		rowOf("later", end.Add(time.Hour), events.Success),
		rowOf("unbroken", end.Add(-30*time.Second), events.Success),
		failureOf(time.Minute, "A", "medium 0123456789abcdef is gone", "p1"),
		failureOf(2*time.Minute, "A", "medium fedcba9876543210 is gone", "p2"),
		failureOf(3*time.Minute, "A", "something else", "p1"),
		failureOf(4*time.Minute, "", "", ""),
		broken,
		failureOf(15*24*time.Hour, "A", "of the time before", "p3"),
		failureOf(16*24*time.Hour, "gone", "only then", "p3"),
		rowOf("m", end.AddDate(0, 0, -20), events.Success),
	}
	for i := range 95 {
		rows = append(rows, rowOf("m", end.Add(-48*time.Hour-time.Duration(i)*time.Minute), events.Success))
	}
	addAll(b, rows...)
	b.Rejected(7, nil)
	r := b.Report(1, []string{"x: truncated"})
	if want := (report.Totals{Total: 102, Success: 97, Failed: 5}); r.Totals != want || r.Future != 1 || r.RejectedAll != 7 || r.Rate() != "95.1 %" {
		t.Errorf("totals: %+v, %s", r.Totals, r.Rate())
	}
	if want := (report.Totals{Total: 3, Success: 1, Failed: 2}); r.Before != want {
		t.Errorf("the time before: %+v, want %+v", r.Before, want)
	}
	if r.SinceYesterday == nil || r.SinceYesterday.Failed != 5 || r.SinceYesterday.Total != 6 || !r.SinceYesterday.Since.Equal(time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("since yesterday: %+v", r.SinceYesterday)
	}
	if !r.LastFailure.Equal(end.Add(-time.Minute)) || r.Unbroken != 1 {
		t.Errorf("the last failure was at %v, before %d successes", r.LastFailure, r.Unbroken)
	}
	var codes []string
	for _, c := range r.Causes {
		codes = append(codes, fmt.Sprintf("%s %d %d %d %v %q %v %s %v %v", c.Name, c.Count, c.Before, c.Recent, c.New, c.Message, c.Varies, c.Share(), c.Projects, c.More))
	}
	want := []string{
		`A 3 1 3 false "medium 0123456789abcdef is gone" true 60 [{p1 2} {p2 1}] false`,
		`(no code) 1 0 1 true "" false 20 [] false`,
		`(unreadable record) 1 0 1 true "truncated" false 20 [] false`,
	}
	if !slices.Equal(codes, want) {
		t.Errorf("causes\n%q, want\n%q", codes, want)
	}
	if n := len(r.Chart.Bars); n != 15 || r.Chart.Unit().EN != "day" {
		t.Fatalf("%d bars, each a %s", n, r.Chart.Unit())
	}
	last, before := r.Chart.Bars[14], r.Chart.Bars[12]
	if last.Fail != 5 || last.Success != 1 || before.Success != 95 || last.Label().EN != "Sun 2026-11-22" || last.Label().ZH != "周日 2026-11-22" {
		t.Errorf("the bars are %+v and %+v", before, last)
	}
	if got := r.Failures[0]; len(r.Failures) != 5 || got.Bucket != last.ID() || got.Media != "m" {
		t.Errorf("newest failure: %+v", got)
	}
	var again map[string]any
	data, err := json.Marshal(r)
	check(t, err)
	check(t, json.Unmarshal(data, &again))
	if bytes.Contains(data, []byte("null")) || again["failed"] != 5.0 || again["before"].(map[string]any)["failed"] != 2.0 || len(again["bars"].([]any)) != 15 {
		t.Errorf("as JSON: %s", data)
	}
}

func TestHeadline(t *testing.T) {
	t.Parallel()
	ok := func(ago time.Duration) query.Row { return rowOf("m", end.Add(-ago), events.Success) }
	fail := func(ago time.Duration, code string) query.Row { return failureOf(ago, code, "", "") }
	past := options()
	past.Until = end.AddDate(0, 0, -3)
	for _, tt := range []struct {
		name    string
		options report.Options
		rows    []query.Row
		want    []string // level and beginning of each sentence
	}{
		{"nothing ever", options(), nil, []string{"note No edit ended", "warn No callback has been recorded"}},
		{"no failure", options(), []query.Row{ok(time.Minute), ok(time.Hour)}, []string{
			"ok Nothing failed in this time range", "ok None of 2 edits since yesterday failed", "ok The last callback came 1 min ago"}},
		{"a failure long ago", options(), []query.Row{ok(time.Hour), fail(50*time.Hour, "A")}, []string{
			"ok Nothing has failed for 2 d 2 h, since 2026-11-20 13:00 (1 edit).", "ok None of 1 edit since yesterday failed", "ok The last callback came 1 h 0 min ago"}},
		{"failures since yesterday", options(), []query.Row{ok(time.Minute), fail(time.Hour, "A"), fail(2*time.Hour, "A"), fail(3*time.Hour, "B")}, []string{
			"note Nothing has failed for 1 h 0 min, since 2026-11-22 14:00 (1 edit).", "bad 3 of 4 edits failed since yesterday: A 2, B 1.", "ok The last callback"}},
		{"the newest failed", options(), []query.Row{fail(time.Minute, "A"), ok(time.Hour)}, []string{
			"bad The newest edit failed, at 2026-11-22 14:59.", "bad 1 of 2 edits failed since yesterday: A 1.", "ok The last callback"}},
		{"a new cause", options(), []query.Row{ok(time.Minute), fail(99*time.Hour, "B"), fail(15*24*time.Hour, "A")}, []string{
			"ok Nothing has failed for 4 d 3 h", "ok None of 1 edit", "bad New cause: B.", "ok The last callback"}},
		{"new causes", options(), []query.Row{
			ok(time.Minute), fail(90*time.Hour, "B"), fail(91*time.Hour, "C"), fail(92*time.Hour, "D"), fail(93*time.Hour, "E"), ok(15 * 24 * time.Hour)}, []string{
			"ok Nothing has failed", "ok None of 1 edit", "bad New causes: B, C, D and 1 more.", "ok The last callback"}},
		{"no new cause", options(), []query.Row{ok(time.Minute), fail(99*time.Hour, "A"), fail(15*24*time.Hour, "A")}, []string{
			"ok Nothing has failed", "ok None of 1 edit", "ok There are no new causes", "ok The last callback"}},
		{"silence", options(), []query.Row{ok(50 * time.Hour), ok(53 * time.Hour), ok(60 * time.Hour)}, []string{
			"ok Nothing failed in this time range", "warn No callback for 2 d 2 h; the longest pause of this time range was 7 h 0 min. Callbacks may be broken"}},
		{"silence since the time before", options(), []query.Row{ok(15 * 24 * time.Hour)}, []string{
			"note No edit ended in this time range", "warn No callback for 15 d 0 h: either nothing was edited, or callbacks do not arrive"}},
		{"a time range of the past", past, []query.Row{ok(100 * time.Hour), fail(101*time.Hour, "A")}, []string{"note The last failure was at 2026-11-18 10:00."}},
	} {
		b := report.NewBuilder(tt.options)
		if len(tt.rows) > 0 {
			b.Heard(tt.rows[0].Time)
		}
		addAll(b, tt.rows...)
		r := b.Report(0, nil)
		r.View.Command = func(args ...string) string { return strings.Join(args, " ") }
		items := append([]report.Item{r.Headline()}, r.Items()...)
		items = slices.DeleteFunc(items, func(i report.Item) bool {
			return i.Command != "" || strings.Contains(i.Text.EN, "RECORD_EVENTS") // these have tests of their own
		})
		for i, item := range items {
			got := string(item.Level) + " " + item.Text.EN
			if i >= len(tt.want) || !strings.HasPrefix(got, tt.want[i]) {
				t.Errorf("%s: sentence %d is %q, want %q", tt.name, i, got, tt.want)
			}
			if item.Text.ZH == "" || item.Text.ZH == item.Text.EN {
				t.Errorf("%s: %q is not in Chinese", tt.name, got)
			}
		}
		if len(items) < len(tt.want) {
			t.Errorf("%s: %d sentences, want %q", tt.name, len(items), tt.want)
		}
	}
}

func TestWorst(t *testing.T) {
	t.Parallel()
	day := func(success, fail int) report.Bar { return report.Bar{Success: success, Fail: fail} }
	for _, tt := range []struct {
		name string
		bars []report.Bar
		want int // or -1
	}{
		{"4 of 30", []report.Bar{day(100, 1), day(26, 4), day(100, 1)}, -1},
		{"few", []report.Bar{day(100, 0), day(100, 9), day(100, 0)}, -1},
		{"one bad day", []report.Bar{day(100, 2), day(110, 32), day(100, 2)}, 1},
		{"the same rate on a busy day", []report.Bar{day(100, 5), day(1000, 50), day(100, 5)}, -1},
		{"the worse of two", []report.Bar{day(100, 2), day(100, 20), day(100, 60), day(1000, 5)}, 2},
		{"always bad", []report.Bar{day(50, 50), day(50, 50), day(50, 50)}, -1},
		{"only one day", []report.Bar{day(0, 0), day(50, 50), day(0, 0)}, -1},
		{"nothing", nil, -1},
	} {
		worst := report.Chart{Bars: tt.bars}.Worst()
		if (worst == nil) != (tt.want < 0) || worst != nil && *worst != tt.bars[tt.want] {
			t.Errorf("%s: %+v, want bar %d", tt.name, worst, tt.want)
		}
	}
}

func TestUnits(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skipf("no time zones on this machine: %v", err)
	}
	for _, tt := range []struct {
		from, to string
		loc      *time.Location
		bars     int
		unit     string
	}{
		{"2026-11-21T15:00:00Z", "2026-11-22T15:00:00Z", time.UTC, 24, "hour"},
		{"2026-11-21T15:30:00Z", "2026-11-22T15:30:00Z", time.UTC, 25, "hour"},
		{"2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", berlin, 24, "hour"}, // the clock is put back: one of them has two
		{"2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", berlin, 23, "hour"}, // and forward
		{"2026-11-01T00:00:00Z", "2026-11-08T00:00:00Z", time.UTC, 7, "day"},
		{"2026-10-20T00:00:00Z", "2026-11-08T00:00:00Z", berlin, 20, "day"},
		{"2025-11-08T00:00:00Z", "2026-11-08T00:00:00Z", time.UTC, 13, "month"},
		{"1990-01-01T00:00:00Z", "2026-11-08T00:00:00Z", time.UTC, 37, "year"},
	} {
		from, _ := time.Parse(time.RFC3339, tt.from)
		to, _ := time.Parse(time.RFC3339, tt.to)
		b := report.NewBuilder(report.Options{Since: from, Until: to, Now: to, Location: tt.loc})
		if c := b.Report(0, nil).Chart; len(c.Bars) != tt.bars {
			t.Errorf("%s to %s, nothing recorded: %d bars, want %d", tt.from, tt.to, len(c.Bars), tt.bars)
		}
		n := 0
		for at := to.Add(-time.Second); !at.Before(from); at = at.Add(-max(time.Minute, to.Sub(from)/1000)) {
			b.Add(rowOf("m", at, events.Success))
			n++
		}
		c := b.Report(0, nil).Chart
		sum := 0
		for _, bar := range c.Bars {
			sum += bar.Success
		}
		if len(c.Bars) != tt.bars || c.Unit().EN != tt.unit || sum != n {
			t.Errorf("%s to %s: %d bars, each a %s, with %d of %d outcomes; want %d, %s", tt.from, tt.to, len(c.Bars), c.Unit().EN, sum, n, tt.bars, tt.unit)
		}
	}
}

// TestBoundedPage adds what a hostile or broken producer could send: everything different.
func TestBoundedPage(t *testing.T) {
	t.Parallel()
	b := report.NewBuilder(options())
	text := strings.Repeat("x", 20_000)
	const n = 5_000
	for i := range n {
		b.Add(failureOf(time.Duration(i)*time.Second, fmt.Sprintf("Code%c%d", 'a'+i%26, i), string(rune('a'+i%7919))+text, fmt.Sprint("project", i)))
	}
	r := b.Report(0, nil)
	if r.Total != n || len(r.Failures) > 200 || len(r.Causes) > 50 {
		t.Errorf("%d outcomes, %d failures and %d codes are listed", r.Total, len(r.Failures), len(r.Causes))
	}
	sum := r.OtherFailures
	for _, c := range r.Causes {
		sum += c.Count
	}
	if sum != n {
		t.Errorf("codes add up to %d of %d failures", sum, n)
	}
	if size := len(page(t, r)); size > 1<<20 {
		t.Errorf("the page has %d bytes", size)
	}
}

// TestSections holds that a section is there where there is something in it, and says how to have it where
// that is up to the reader.
func TestSections(t *testing.T) {
	t.Parallel()
	const missing, later, rejected, causes = `id="missing"`, `id="later"`, `id="rejected"`, `id="causes"`
	for _, tt := range []struct {
		name       string
		fill       func(*report.Builder)
		want, lack []string
	}{
		{"nothing", func(*report.Builder) {}, []string{"No edit ended in this time range", "vodctl reconcile --to oss://bucket/&lt;prefix&gt; --from STORE"}, []string{missing, later, rejected, causes}},
		{"a success", func(b *report.Builder) { b.Add(rowOf("m", end.Add(-time.Hour), events.Success)) },
			[]string{"100 % of 1 edit succeeded", "RECORD_EVENTS", "vodctl reconcile --to"}, []string{missing, later, rejected, causes}},
		{"a failure", func(b *report.Builder) { b.Add(failureOf(time.Hour, "Forbidden", "", "")) }, []string{causes, "Grant permission"}, []string{missing, later, rejected}},
		{"a failure of VOD", func(b *report.Builder) {
			row := failureOf(time.Hour, "Forbidden", "", "")
			row.Record.Producer = events.VOD
			b.Add(row)
		}, []string{"--producer vod"}, []string{missing}},
		{"missing", func(b *report.Builder) {
			b.AddMissing(report.Missing{Time: end.Add(-time.Hour), Status: events.Fail, Job: "job-1", Code: "InternalError", Message: "lost"})
			b.AddMissing(report.Missing{Time: end.Add(-2 * time.Hour), Status: events.Success, Media: "media-2", Project: "project-2"})
		}, []string{missing, "2 edits ended without a callback", "job-1", "InternalError", "media-2", "project-2", "vodctl reconcile --to"}, []string{later, rejected}},
		{"many missing", func(b *report.Builder) {
			for i := range 1234 {
				b.AddMissing(report.Missing{Time: end.Add(-time.Duration(i) * time.Second), Status: events.Success, Media: fmt.Sprint("media-", i)})
			}
		}, []string{"1,234 edits ended without a callback", "These are the newest 200 of 1,234."}, []string{"media-200<"}},
		{"rejected", func(b *report.Builder) {
			b.Rejected(21, []report.Rejected{{Time: end.Add(-time.Minute), Trigger: "http", Reason: "EventTime is missing"}})
		}, []string{rejected, "EventTime is missing", "2026-11-22 14:59:00", "vodctl replay --rejected --to", "--dry-run", "These are the newest 1 of 21. All of them:", "vodctl list --rejected --since"}, []string{later, missing}},
		{"later", func(b *report.Builder) {
			b.ExpectLater()
			b.Add(rowOf("m", end.Add(-time.Hour), events.Success))
			b.AddLater(laterOf("TranscodeComplete", failureOf(time.Minute, "InternalError", "no", "")))
		}, []string{later, "1 edit succeeded but cannot be watched", "TranscodeComplete: "}, []string{"RECORD_EVENTS"}},
	} {
		b := report.NewBuilder(options())
		tt.fill(b)
		html := page(t, b.Report(0, nil))
		for _, w := range tt.want {
			if !strings.Contains(html, w) {
				t.Errorf("%s: no %q in the page", tt.name, w)
			}
		}
		for _, w := range tt.lack {
			if strings.Contains(html, w) {
				t.Errorf("%s: %q is in the page", tt.name, w)
			}
		}
	}
}

func TestLater(t *testing.T) {
	t.Parallel()
	const (
		manual  = `{"EventType":"CreateAuditComplete","AuditStatus":"%s","Reason":"vulgar"}`
		machine = `{"EventType":"AIMediaAuditComplete","Data":%s}`
		ims     = `{"EventType":"CreateAuditComplete","MessageBody":"{\"AuditStatus\":\"Blocked\",\"Reason\":\"vulgar\"}"}`
	)
	type step struct {
		event  string
		status events.Status
		raw    string
	}
	for _, tt := range []struct {
		name  string
		steps []step
		want  string // of watchable, failed, blocked, unheard
	}{
		{"nothing heard", nil, "unheard"},
		{"stored", []step{{"FileUploadComplete", events.Success, ""}, {"VideoAnalysisComplete", events.Success, ""}}, "unheard"},
		{"not analysed", []step{{"FileUploadComplete", events.Success, ""}, {"VideoAnalysisComplete", events.Fail, ""}}, "failed"},
		{"transcoded", []step{{"StreamTranscodeComplete", events.Success, ""}}, "watchable"},
		{"one stream of two", []step{{"StreamTranscodeComplete", events.Success, ""}, {"StreamTranscodeComplete", events.Fail, ""}}, "watchable"},
		{"registered by IMS", []step{{"RegisterMediaComplete", events.Success, ""}}, "watchable"},
		{"not transcoded", []step{{"StreamTranscodeComplete", events.Fail, ""}, {"TranscodeComplete", events.Fail, ""}}, "failed"},
		{"at the second try", []step{{"TranscodeComplete", events.Fail, ""}, {"TranscodeComplete", events.Success, ""}}, "watchable"},
		{"blocked", []step{{"TranscodeComplete", events.Success, ""}, {"CreateAuditComplete", events.Success, fmt.Sprintf(manual, "Blocked")}}, "blocked"},
		{"blocked by IMS", []step{{"CreateAuditComplete", events.Success, ims}}, "blocked"},
		{"blocked by machine", []step{{"AIMediaAuditComplete", events.Success, fmt.Sprintf(machine, `{"Suggestion":"block","Label":"vulgar"}`)}}, "blocked"},
		{"blocked by machine, as text", []step{{"AIMediaAuditComplete", events.Success, fmt.Sprintf(machine, `"{\"Suggestion\":\"block\",\"Label\":\"vulgar\"}"`)}}, "blocked"},
		{"released again", []step{
			{"AIMediaAuditComplete", events.Success, fmt.Sprintf(machine, `{"Suggestion":"block"}`)},
			{"TranscodeComplete", events.Success, ""}, {"CreateAuditComplete", events.Success, fmt.Sprintf(manual, "Normal")}}, "watchable"},
		{"to be reviewed", []step{{"AIMediaAuditComplete", events.Success, fmt.Sprintf(machine, `{"Suggestion":"review"}`)}}, "unheard"},
		{"a verdict that is no JSON", []step{{"CreateAuditComplete", events.Success, "{"}}, "unheard"},
	} {
		b := report.NewBuilder(options())
		b.ExpectLater()
		b.Add(rowOf("m", end.Add(-time.Hour), events.Success))
		b.AddLater(laterOf("TranscodeComplete", rowOf("another media", end, events.Fail))) // not one of the edits
		for i, s := range tt.steps {
			if !slices.Contains(report.LaterEvents, s.event) {
				t.Errorf("%s: %s is not among those asked for", tt.name, s.event)
			}
			row := rowOf("m", end.Add(-time.Hour+time.Duration(i)*time.Minute), s.status)
			row.Record.Raw, row.Record.ErrorMessage = json.RawMessage(s.raw), "vulgar"
			b.AddLater(laterOf(s.event, row))
		}
		l := b.Report(0, nil).Later
		got := map[string]int{"watchable": l.Watchable, "failed": l.Failed, "blocked": l.Blocked, "unheard": l.Unheard}
		if l.Produced != 1 || got[tt.want] != 1 || l.Watchable+l.Failed+l.Blocked+l.Unheard != 1 {
			t.Errorf("%s: %v, want %s", tt.name, got, tt.want)
		}
		if troubles := l.Failed + l.Blocked; len(l.Troubles) != troubles || troubles > 0 && l.Troubles[0].Message != "vulgar" {
			t.Errorf("%s: troubles %+v", tt.name, l.Troubles)
		}
	}
}

// TestLanguages holds that the page begins in the language that is asked for, and has the other one too.
func TestLanguages(t *testing.T) {
	t.Parallel()
	b := report.NewBuilder(options())
	addHistory(b)
	r := b.Report(0, nil)
	for _, tt := range []struct {
		lang, want report.Lang
		title      string
	}{
		{"", report.English, ">95.5 % of 2,004 edits succeeded</title>"},
		{report.English, report.English, ">95.5 % of 2,004 edits succeeded</title>"},
		{report.Chinese, report.Chinese, ">2,004 次剪辑，成功 95.5 %</title>"},
	} {
		r.View.Lang = tt.lang
		html := page(t, r)
		for _, w := range []string{
			fmt.Sprintf("<html lang=%q>", tt.want), tt.title,
			`<span lang="en">What became of the edits</span><span lang="zh">剪辑结果</span>`,
			`data-en="Filter the newest failures" data-zh="筛选最近的失败" data-attr="aria-label"`,
		} {
			if !strings.Contains(html, w) {
				t.Errorf("%q: no %s", tt.lang, w)
			}
		}
		if en, zh := strings.Count(html, `<span lang="en">`), strings.Count(html, `<span lang="zh">`); en != zh || en == 0 {
			t.Errorf("%q: %d texts in English, %d in Chinese", tt.lang, en, zh)
		}
	}
}
