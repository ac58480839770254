package report_test

import (
	"bytes"
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

func options() report.Options {
	return report.Options{Source: "oss://bucket/<prefix>", Since: end.AddDate(0, 0, -14), Until: end, Now: end.Add(time.Minute), Location: time.UTC}
}

func rowOf(media string, at time.Time, status events.Status) query.Row {
	return query.Row{KeyFacts: store.KeyFacts{Media: media, Time: at, Status: status}, Opened: status == events.Fail}
}

// addHistory adds two weeks of sample outcomes.
func addHistory(b *report.Builder) {
	history := slices.Collect(sample.History(2000, end.AddDate(0, 0, -14), end.Add(-time.Hour), 1))
	slices.Reverse(history)
	for _, o := range history {
		row := rowOf(o.MediaID, o.EventTime, o.Status)
		if row.Opened {
			row.Record = o
		}
		b.Add(row)
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	b := report.NewBuilder(options())
	fail := func(ago time.Duration, code, message string) {
		row := rowOf("m", end.Add(-ago), events.Fail)
		row.Record.ErrorCode, row.Record.ErrorMessage = code, message
		b.Add(row)
	}
	b.Add(rowOf("later", end.Add(time.Hour), events.Success))
	fail(time.Minute, "A", "medium 0123456789abcdef is gone")
	fail(2*time.Minute, "A", "medium fedcba9876543210 is gone")
	fail(3*time.Minute, "A", "something else")
	fail(4*time.Minute, "", "")
	broken := rowOf("m", end.Add(-5*time.Minute), events.Fail)
	broken.Err = errors.New("truncated")
	b.Add(broken)
	for i := range 95 {
		b.Add(rowOf("m", end.Add(-24*time.Hour-time.Duration(i)*time.Minute), events.Success))
	}
	b.Rejected(7)
	r := b.Report(1, []string{"x: truncated"})
	if r.Total != 101 || r.Success != 96 || r.Failed != 5 || r.Future != 1 || r.Rejected != 7 || r.Rate() != "95 %" {
		t.Errorf("totals: %+v, %s", r, r.Rate())
	}
	var codes []string
	for _, c := range r.Codes {
		codes = append(codes, fmt.Sprintf("%s %d %s %v %s", c.Name, c.Count, c.Message, c.Varies, c.Share()))
	}
	want := []string{"A 3 medium 0123456789abcdef is gone true 60", "(no code) 1  false 20", "(unreadable record) 1 truncated false 20"}
	if !slices.Equal(codes, want) {
		t.Errorf("codes %q, want %q", codes, want)
	}
	if n := len(r.Chart.Bars); n != 15 || r.Chart.Unit() != "day" {
		t.Fatalf("%d bars, each a %s", n, r.Chart.Unit())
	}
	last, before := r.Chart.Bars[14], r.Chart.Bars[13]
	if last.Fail != 5 || last.Success != 0 || before.Success != 95 || last.Label() != "Sun 22 Nov 2026" {
		t.Errorf("the last bars are %+v and %+v", before, last)
	}
	if got := r.Failures[0]; got.Bucket != last.ID() || got.Media != "m" {
		t.Errorf("newest failure: %+v", got)
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
		if len(c.Bars) != tt.bars || c.Unit() != tt.unit || sum != n {
			t.Errorf("%s to %s: %d bars, each a %s, with %d of %d outcomes; want %d, %s", tt.from, tt.to, len(c.Bars), c.Unit(), sum, n, tt.bars, tt.unit)
		}
	}
	// A span that begins long before the first outcome is shown from there on.
	b := report.NewBuilder(report.Options{Now: end, Location: time.UTC})
	b.Add(rowOf("m", end.AddDate(0, 0, -9), events.Success))
	if c := b.Report(0, nil).Chart; len(c.Bars) != 10 || c.Unit() != "day" {
		t.Errorf("since ever: %d bars, each a %s", len(c.Bars), c.Unit())
	}
}

// TestBoundedPage adds what a hostile or broken producer could send: everything different.
func TestBoundedPage(t *testing.T) {
	t.Parallel()
	b := report.NewBuilder(options())
	text := strings.Repeat("x", 20_000)
	const n = 5_000
	for i := range n {
		row := rowOf(fmt.Sprint("m", i), end.Add(-time.Duration(i)*time.Second), events.Fail)
		row.Record.ErrorCode = fmt.Sprintf("Code%c%d", 'a'+i%26, i)
		row.Record.ErrorMessage = string(rune('a'+i%7919)) + text
		b.Add(row)
	}
	r := b.Report(0, nil)
	if r.Total != n || len(r.Failures) > 200 || len(r.Codes) > 50 {
		t.Errorf("%d outcomes, %d failures and %d codes are listed", r.Total, len(r.Failures), len(r.Codes))
	}
	sum := r.OtherFailures
	for _, c := range r.Codes {
		sum += c.Count
	}
	if sum != n {
		t.Errorf("codes add up to %d of %d failures", sum, n)
	}
	var page bytes.Buffer
	check(t, r.Write(&page))
	if page.Len() > 1<<20 {
		t.Errorf("the page has %d bytes", page.Len())
	}
}

func TestEmptyPages(t *testing.T) {
	t.Parallel()
	b := report.NewBuilder(options())
	var page bytes.Buffer
	check(t, b.Report(0, nil).Write(&page))
	if !strings.Contains(page.String(), "No edit ended in this time") {
		t.Errorf("nothing: %s", page.String())
	}
	b.Add(rowOf("m", end.Add(-time.Hour), events.Success))
	page.Reset()
	check(t, b.Report(0, nil).Write(&page))
	if s := page.String(); !strings.Contains(s, "Not one edit failed") || !strings.Contains(s, "100 % of 1 edit") {
		t.Errorf("no failure: %s", s)
	}
}
