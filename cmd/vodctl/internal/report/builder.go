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

// The limits of the lists in a report, so that its size does not grow with the number of outcomes.
const (
	maxFailures = 200  // the newest failures
	maxMissing  = 200  // the newest edits without a callback
	maxTroubles = 100  // the newest produced edits that cannot be watched
	maxCodes    = 1000 // error codes with their own count; further codes are counted together
	maxText     = 1000 // of a message, in characters
	shownCodes  = 50
	shownOfCode = 3 // projects of one code
)

// Options describe the store and the time range of a report.
type Options struct {
	Source       string    // the store, as --from names it
	Since, Until time.Time // the time range; a zero Until means no end
	Now          time.Time
	Location     *time.Location // the time zone of the page
}

// Before returns the start of the previous time range, which has the same length and with which the report compares.
// Call Add with the outcomes since then. The part of the time range that is in the future does not count.
func (o Options) Before() time.Time {
	end := o.end()
	if o.live() {
		end = o.Now
	}
	return o.Since.Add(-max(end.Sub(o.Since), 0))
}

// live reports whether the time range includes the current time.
func (o Options) live() bool { return o.Until.IsZero() || !o.Until.Before(o.Now) }

// end returns the end of the chart.
func (o Options) end() time.Time {
	if o.Until.IsZero() {
		return o.Now
	}
	return o.Until
}

// yesterday returns the start of yesterday.
func (o Options) yesterday() time.Time {
	y, m, d := o.Now.In(o.Location).Date()
	return time.Date(y, m, d-1, 0, 0, 0, 0, o.Location)
}

// MaxRejected is the maximum number of rejected deliveries in a report. It shows the newest.
const MaxRejected = 20

// A Builder counts outcomes. Its memory depends on the time range and the number of different errors, not on the
// number of outcomes. With ExpectLater, it also depends on the number of produced edits.
type Builder struct {
	options   Options
	yesterday time.Time
	hours     map[int64]*Totals // by the start of the hour, in Unix time
	total     Totals
	before    Totals
	recent    Totals
	future    int
	last      time.Time // of the previous outcome, which is newer
	pause     time.Duration
	heard     time.Time
	failedAt  time.Time // the newest failure
	unbroken  int
	producers map[events.Producer]bool // of the failed edits
	codes     map[string]*code
	others    int // failures with codes that have no own count
	failures  []Failure

	courses  map[string]*course // by media ID; nil if no later events are recorded
	produced map[string]bool    // by media ID, likewise

	missing      []Missing
	missingTotal int
	rejected     []Rejected
	rejectedAll  int
}

// A code holds the counts of one error code.
type code struct {
	name                  string
	count, before, recent int
	first, newest         time.Time
	messages, projects    tally
}

// NewBuilder returns an empty Builder.
func NewBuilder(o Options) *Builder {
	return &Builder{options: o, yesterday: o.yesterday(), hours: map[int64]*Totals{}, codes: map[string]*code{},
		producers: map[events.Producer]bool{}}
}

// Opens reports whether Add needs the content of an outcome with status s. It needs only the failed ones.
func (b *Builder) Opens(s events.Status) bool { return s == events.Fail }

// Add counts one outcome. Call it with the outcomes since Options.Before, newest first.
func (b *Builder) Add(r query.Row) {
	failed := r.Status == events.Fail
	if b.isRecent(r.Time) {
		b.recent.add(failed)
	}
	if r.Time.Before(b.options.Since) {
		b.before.add(failed)
	} else {
		b.addInRange(r, failed)
	}
	if failed {
		b.fail(r)
	}
}

// isRecent reports whether t is yesterday or later, and not after the time range.
func (b *Builder) isRecent(t time.Time) bool {
	return !t.Before(b.yesterday) && !t.After(b.options.end())
}

func (b *Builder) addInRange(r query.Row, failed bool) {
	b.total.add(failed)
	if r.Time.After(b.options.end()) {
		b.future++
		return
	}
	b.Heard(r.Time)
	if !b.last.IsZero() {
		b.pause = max(b.pause, b.last.Sub(r.Time))
	}
	b.last = r.Time
	switch {
	case failed && b.failedAt.IsZero():
		b.failedAt = r.Time
	case !failed && b.failedAt.IsZero():
		b.unbroken++
	}
	if !failed && b.produced != nil {
		b.produced[r.Media] = true
	}
	start := startOf(hour, r.Time.In(b.options.Location)).Unix()
	if b.hours[start] == nil {
		b.hours[start] = new(Totals)
	}
	b.hours[start].add(failed)
}

func (t *Totals) add(failed bool) {
	t.Total++
	if failed {
		t.Failed++
	} else {
		t.Success++
	}
}

// fail counts a failure by its cause.
func (b *Builder) fail(r query.Row) {
	f := Failure{
		Time: r.Time.In(b.options.Location), Media: r.Media, Project: r.Record.ProjectID,
		Code: cut(r.Record.ErrorCode), Message: cut(r.Record.ErrorMessage),
	}
	switch {
	case r.Err != nil:
		f.Code, f.Message = unreadable, cut(r.Err.Error())
	case f.Code == "":
		f.Code = noCode
	}
	b.producers[r.Record.Producer] = true
	before := r.Time.Before(b.options.Since)
	if !before && len(b.failures) < maxFailures {
		b.failures = append(b.failures, f)
	}
	c := b.codes[f.Code]
	if c == nil {
		if len(b.codes) == maxCodes {
			if !before {
				b.others++
			}
			return
		}
		c = &code{name: f.Code, newest: f.Time, messages: tally{}, projects: tally{}}
		b.codes[f.Code] = c
	}
	if b.isRecent(r.Time) {
		c.recent++
	}
	if before {
		c.before++
		return
	}
	c.count++
	c.first = f.Time
	c.messages.add(shape(f.Message), f.Message)
	if f.Project != "" {
		c.projects.add(f.Project, f.Project)
	}
}

// identifiers matches the IDs and numbers in which similar messages differ.
var identifiers = regexp.MustCompile(`[0-9a-fA-F]{8,}(-[0-9a-fA-F]{4,})*|[0-9]+`)

// shape returns a message without its identifiers and numbers.
func shape(text string) string { return identifiers.ReplaceAllString(text, "#") }

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

// Heard records that a callback was received at t.
func (b *Builder) Heard(t time.Time) {
	if t.After(b.heard) {
		b.heard = t
	}
}

// AddMissing adds an edit without a callback.
func (b *Builder) AddMissing(m Missing) {
	b.missingTotal++
	m.Time, m.Code, m.Message = m.Time.In(b.options.Location), cut(m.Code), cut(m.Message)
	if b.missing = append(b.missing, m); len(b.missing) == 2*maxMissing {
		b.missing = b.newestMissing()
	}
}

// newestMissing returns the newest of the edits without a callback.
func (b *Builder) newestMissing() []Missing {
	newest := slices.SortedFunc(slices.Values(b.missing), func(a, b Missing) int {
		return cmp.Or(b.Time.Compare(a.Time), cmp.Compare(a.Job, b.Job), cmp.Compare(a.Media, b.Media))
	})
	return newest[:min(len(newest), maxMissing)]
}

// Rejected sets the number of deliveries that were rejected on the days of the time range, and the newest of them.
func (b *Builder) Rejected(total int, newest []Rejected) {
	b.rejectedAll = total
	b.rejected = slices.Clone(newest[:min(len(newest), MaxRejected)])
	for i := range b.rejected {
		r := &b.rejected[i]
		r.Time, r.Reason = r.Time.In(b.options.Location), cut(r.Reason)
		b.Heard(r.Time)
	}
}

// Report returns the report. unreadable is the number of objects that could not be read; named describes some of them.
func (b *Builder) Report(unreadable int, named []string) Report {
	loc := b.options.Location
	r := Report{ // empty lists are [] in JSON, not null
		Source: b.options.Source, Since: b.options.Since.In(loc), Until: b.options.end().In(loc), Generated: b.options.Now.In(loc),
		Totals: b.total, Before: b.before, Unbroken: b.unbroken, LongestPause: b.pause.Seconds(), Future: b.future,
		LastFailure: moment(b.failedAt, loc), LastHeard: moment(b.heard, loc),
		Chart: b.chart(), Failures: list(b.failures), Later: b.later(),
		Missing: list(b.newestMissing()), MissingTotal: b.missingTotal, Rejected: list(b.rejected), RejectedAll: b.rejectedAll,
		Unreadable: unreadable, UnreadableNames: list(named),
	}
	r.View.Live = b.options.live()
	r.View.vod = b.producers[events.VOD] && !b.producers[events.IMS]
	if r.View.Live && !b.options.Before().After(b.yesterday) {
		r.SinceYesterday = &Recent{b.yesterday, b.recent}
	}
	r.Bars = r.Chart.Bars
	for i := range r.Failures {
		r.Failures[i].Bucket = startOf(r.Chart.unit, r.Failures[i].Time).Unix()
	}
	r.Causes, r.OtherCauses, r.OtherFailures = b.causes()
	return r
}

// list returns a copy of s that is never nil.
func list[T any](s []T) []T { return append([]T{}, s...) }

// moment returns t in loc, or nil if t is zero.
func moment(t time.Time, loc *time.Location) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.In(loc)
	return &t
}

// causes returns the error codes of the time range, the most frequent first, and how many codes and failures it leaves
// out.
func (b *Builder) causes() (codes []Code, others, failures int) {
	failures = b.others
	sorted := slices.SortedFunc(maps.Values(b.codes), func(a, b *code) int {
		return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.name, b.name))
	})
	for _, c := range sorted {
		switch {
		case c.count == 0: // of the time before
		case len(codes) < shownCodes:
			codes = append(codes, b.code(c))
		default:
			failures += c.count
			others++
		}
	}
	return list(codes), others, failures
}

func (b *Builder) code(c *code) Code {
	k := Code{
		Name: c.name, Count: c.count, Before: c.before, Recent: c.recent, First: c.first, Newest: c.newest,
		Of: b.total.Failed, New: c.before == 0 && b.before.Total > 0, Cause: causeOf(c.name),
	}
	messages, varies := c.messages.top(1)
	if len(messages) > 0 {
		k.Message, k.Varies = messages[0].example, varies
	}
	projects, more := c.projects.top(shownOfCode)
	for _, p := range projects {
		k.Projects = append(k.Projects, Project{p.example, p.count})
	}
	k.Projects, k.More = list(k.Projects), more
	return k
}

// chart sums the hours into the bars of the whole time range.
func (b *Builder) chart() Chart {
	loc := b.options.Location
	from, to := b.options.Since.In(loc), b.options.end().In(loc)
	c := Chart{unit: unitFor(to.Sub(from))}
	sums := map[int64]*Totals{}
	for start, n := range b.hours {
		at := startOf(c.unit, time.Unix(start, 0).In(loc)).Unix()
		if sums[at] == nil {
			sums[at] = new(Totals)
		}
		sums[at].Success += n.Success
		sums[at].Failed += n.Failed
	}
	for t := startOf(c.unit, from); t.Before(to); t = c.unit.next(t) {
		bar := Bar{Start: t, unit: c.unit}
		if n := sums[t.Unix()]; n != nil {
			bar.Success, bar.Fail = n.Success, n.Failed
		}
		c.Bars = append(c.Bars, bar)
	}
	return c
}
