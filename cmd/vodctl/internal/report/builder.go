// Package report makes a page of what became of the edits of a span of time: one HTML file that needs
// nothing but itself.
package report

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/vod-callback/recorder/cmd/vodctl/internal/query"
	"github.com/vod-callback/recorder/events"
)

// What a report keeps is bounded, however many outcomes it counts.
const (
	maxFailures = 200  // the newest, one by one
	maxCodes    = 1000 // counted one by one; others together
	maxMessages = 64   // candidates for a code's commonest one
	maxText     = 1000 // of a message, in characters
	shownCodes  = 50
)

// Options say what a report is about.
type Options struct {
	Source       string    // the store's URL
	Since, Until time.Time // the span; a zero Until is no end
	Now          time.Time
	Location     *time.Location // of the times shown
}

// A Builder counts outcomes. Its memory depends on the span and the variety of what failed, not on how
// many outcomes there are.
type Builder struct {
	options  Options
	hours    map[int64]*counts // by the beginning of the hour, Unix time
	total    counts
	future   int
	codes    map[string]*code
	others   int // failures with codes that are not counted one by one
	failures []Failure
	rejected int
	newest   time.Time
	oldest   time.Time
}

type counts struct{ success, fail int }

// A code is what is known of one error code.
type code struct {
	name     string
	count    int
	newest   time.Time
	messages map[string]*message // by their shape
}

type message struct {
	example string
	count   int
}

// NewBuilder returns a builder that has counted nothing.
func NewBuilder(o Options) *Builder {
	return &Builder{options: o, hours: map[int64]*counts{}, codes: map[string]*code{}}
}

// Opens says which objects Add wants opened: only what failed has more to say than its key does.
func (b *Builder) Opens(s events.Status) bool { return s == events.Fail }

// Add counts one outcome. They come newest first.
func (b *Builder) Add(r query.Row) {
	if b.newest.IsZero() {
		b.newest = r.Time
	}
	b.oldest = r.Time
	failed := r.Status == events.Fail
	b.total.add(failed)
	if r.Time.After(b.end()) {
		b.future++
	} else {
		start := startOf(hour, r.Time.In(b.options.Location)).Unix()
		if b.hours[start] == nil {
			b.hours[start] = new(counts)
		}
		b.hours[start].add(failed)
	}
	if failed {
		b.fail(r)
	}
}

func (c *counts) add(failed bool) {
	if failed {
		c.fail++
	} else {
		c.success++
	}
}

// end is where the pictures end.
func (b *Builder) end() time.Time {
	if b.options.Until.IsZero() {
		return b.options.Now
	}
	return b.options.Until
}

func (b *Builder) fail(r query.Row) {
	f := Failure{
		Time: r.Time.In(b.options.Location), Media: r.Media, Project: r.Record.ProjectID,
		Code: cut(r.Record.ErrorCode), Message: cut(r.Record.ErrorMessage),
	}
	switch {
	case r.Err != nil:
		f.Code, f.Message = "(unreadable record)", cut(r.Err.Error())
	case f.Code == "":
		f.Code = "(no code)"
	}
	if len(b.failures) < maxFailures {
		b.failures = append(b.failures, f)
	}
	c := b.codes[f.Code]
	if c == nil {
		if len(b.codes) == maxCodes {
			b.others++
			return
		}
		c = &code{name: f.Code, newest: f.Time, messages: map[string]*message{}}
		b.codes[f.Code] = c
	}
	c.count++
	c.say(f.Message)
}

// say counts a message by its shape. Where there are too many shapes it counts as Misra and Gries do: a
// shape that more than one in maxMessages failures have is still found.
func (c *code) say(text string) {
	s := shape(text)
	if m := c.messages[s]; m != nil {
		m.count++
		return
	}
	if len(c.messages) < maxMessages {
		c.messages[s] = &message{text, 1}
		return
	}
	maps.DeleteFunc(c.messages, func(_ string, m *message) bool {
		m.count--
		return m.count == 0
	})
}

// identifiers are the parts in which messages about the same thing differ.
var identifiers = regexp.MustCompile(`[0-9a-fA-F]{8,}(-[0-9a-fA-F]{4,})*|[0-9]+`)

// shape returns a message without its identifiers and numbers.
func shape(text string) string { return identifiers.ReplaceAllString(text, "#") }

// commonest returns the commonest message, as one failure has it.
func (c *code) commonest() (text string, varies bool) {
	var best *message
	for _, s := range slices.Sorted(maps.Keys(c.messages)) {
		if m := c.messages[s]; best == nil || m.count > best.count {
			best = m
		}
	}
	if best == nil {
		return "", false
	}
	return best.example, len(c.messages) > 1
}

// cut shortens a text that is too long to show.
func cut(s string) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	n := 0
	for i := range s {
		if n++; n > maxText {
			return s[:i] + "…"
		}
	}
	return s
}

// Rejected notes how many deliveries were rejected on the days of the span.
func (b *Builder) Rejected(n int) { b.rejected = n }

// Report returns what was counted. unreadable are the objects that could not be read, some of them by name.
func (b *Builder) Report(unreadable int, named []string) Report {
	r := Report{
		Source: b.options.Source, Generated: b.options.Now.In(b.options.Location), Since: b.options.Since.In(b.options.Location),
		Total: b.total.success + b.total.fail, Success: b.total.success, Failed: b.total.fail,
		Rejected: b.rejected, Future: b.future, Failures: b.failures,
		Unreadable: unreadable, UnreadableNames: named,
		RejectedFrom: b.options.Since.UTC().Format(time.DateOnly), RejectedTo: b.end().UTC().Format(time.DateOnly),
	}
	r.Until = b.end().In(b.options.Location)
	r.Chart = b.chart()
	for i := range r.Failures {
		r.Failures[i].Bucket = startOf(r.Chart.unit, r.Failures[i].Time).Unix()
	}
	codes := slices.SortedFunc(maps.Values(b.codes), func(a, b *code) int {
		return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.name, b.name))
	})
	for i, c := range codes {
		if i < shownCodes {
			text, varies := c.commonest()
			r.Codes = append(r.Codes, Code{Name: c.name, Count: c.count, Of: b.total.fail, Message: text, Varies: varies, Newest: c.newest})
		} else {
			b.others += c.count
			r.OtherCodes++
		}
	}
	r.OtherFailures, b.others = b.others, 0
	return r
}

// A unit is how much time one bar stands for.
type unit int

const (
	hour unit = iota
	day
	month
	year
)

// String returns the unit's name.
func (u unit) String() string { return [...]string{"hour", "day", "month", "year"}[u] }

// startOf returns the beginning of the unit that t lies in, in t's zone.
func startOf(u unit, t time.Time) time.Time {
	y, m, d := t.Date()
	switch u {
	case hour:
		return time.Date(y, m, d, t.Hour(), 0, 0, 0, t.Location())
	case day:
		return time.Date(y, m, d, 0, 0, 0, 0, t.Location())
	case month:
		return time.Date(y, m, 1, 0, 0, 0, 0, t.Location())
	default:
		return time.Date(y, 1, 1, 0, 0, 0, 0, t.Location())
	}
}

// next returns the beginning of the unit after the one that begins at t. It lies after t, also where a
// clock is put back and an hour comes twice.
func (u unit) next(t time.Time) time.Time {
	y, m, d := t.Date()
	var n time.Time
	switch u {
	case hour:
		n = startOf(hour, t.Add(time.Hour))
	case day:
		n = time.Date(y, m, d+1, 0, 0, 0, 0, t.Location())
	case month:
		n = time.Date(y, m+1, 1, 0, 0, 0, 0, t.Location())
	default:
		n = time.Date(y+1, 1, 1, 0, 0, 0, 0, t.Location())
	}
	if !n.After(t) {
		n = t.Add(2 * time.Hour).Truncate(time.Hour)
	}
	return n
}

// unitFor returns the unit in which a span of that length is shown: hours for up to four days, days for up
// to half a year.
func unitFor(length time.Duration) unit {
	const oneDay = 24 * time.Hour
	switch {
	case length <= 4*oneDay:
		return hour
	case length <= 190*oneDay:
		return day
	case length <= 20*365*oneDay:
		return month
	default:
		return year
	}
}

// chart sums the hours up to what is shown. It begins where the span does, or with the first outcome where
// that is much later.
func (b *Builder) chart() Chart {
	loc := b.options.Location
	from, to := b.options.Since.In(loc), b.end().In(loc)
	if u := unitFor(to.Sub(from)); u > day && b.oldest.After(from) && b.oldest.Before(to) {
		from = b.oldest.In(loc)
	}
	c := Chart{unit: unitFor(to.Sub(from))}
	sums := map[int64]*counts{}
	for start, n := range b.hours {
		at := startOf(c.unit, time.Unix(start, 0).In(loc)).Unix()
		if sums[at] == nil {
			sums[at] = new(counts)
		}
		sums[at].success += n.success
		sums[at].fail += n.fail
	}
	for t := startOf(c.unit, from); t.Before(to); t = c.unit.next(t) {
		bar := Bar{Start: t, unit: c.unit}
		if n := sums[t.Unix()]; n != nil {
			bar.Success, bar.Fail = n.success, n.fail
		}
		c.Bars = append(c.Bars, bar)
	}
	return c
}
