package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page's parts
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
)

// A Report is what the page shows.
type Report struct {
	Source                   string
	Since, Until, Generated  time.Time
	Total, Success, Failed   int
	Rejected                 int
	RejectedFrom, RejectedTo string // days, UTC
	Future                   int    // outcomes after the span's end
	Chart                    Chart
	Codes                    []Code
	OtherCodes               int // codes beyond those
	OtherFailures            int // and their failures
	Failures                 []Failure
	Unreadable               int
	UnreadableNames          []string

	Refresh int    // seconds after which the page loads itself anew; 0 is never
	Notice  string // what the reader has to know of how the page came to be
}

// A Chart is the outcomes over time.
type Chart struct {
	Bars []Bar
	unit unit
}

// A Bar is one unit of time.
type Bar struct {
	Start         time.Time
	Success, Fail int
	unit          unit
}

// A Code is an error code with its failures.
type Code struct {
	Name    string
	Count   int
	Of      int    // failures in all
	Message string // the commonest
	Varies  bool   // there are others
	Newest  time.Time
}

// A Failure is one failed edit.
type Failure struct {
	Time                          time.Time
	Media, Project, Code, Message string
	Bucket                        int64 // the bar that it belongs to
}

var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string
	//go:embed page.js
	pageJS string
)

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"number":  number,
	"count":   count,
	"percent": percent,
	"clock":   func(t time.Time) string { return t.Format("2006-01-02 15:04:05") },
	"minute":  func(t time.Time) string { return t.Format("2006-01-02 15:04") },
	"zone":    zone,
	"iso":     func(t time.Time) string { return t.Format(time.RFC3339) },
	"parts":   func(s string) []string { return strings.SplitAfter(s, ".") },
	"style":   func() template.HTML { return inline("style", pageCSS) },
	"script":  func() template.HTML { return inline("script", pageJS) },
	"policy":  func() string { return Policy },
}).Parse(pageHTML))

// Policy is the page's content security policy: its own style and script and nothing else, from nowhere.
var Policy = "default-src 'none'; img-src data:; style-src " + hash(pageCSS) + "; script-src " + hash(pageJS) + "; base-uri 'none'; form-action 'none'"

// inline returns a style or script element. The text is this package's own, and html/template would change
// it, so that the policy's hash would not fit.
func inline(element, text string) template.HTML {
	return template.HTML("<" + element + ">" + text + "</" + element + ">") //nolint:gosec // G203: nothing of an event is in it
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// Write writes the page. All that comes from events is escaped by html/template.
func (r Report) Write(w io.Writer) error {
	var b bytes.Buffer // half a page is none
	if err := page.Execute(&b, r); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// Rate is the share of edits that succeeded.
func (r Report) Rate() string { return percent(r.Success, r.Total) }

// Worst returns the bar with the largest share of failures among those that are not tiny, or nil.
func (r Report) Worst() *Bar {
	var worst *Bar
	for i := range r.Chart.Bars {
		b := &r.Chart.Bars[i]
		if b.Fail == 0 || len(r.Chart.Bars) < 3 || b.Total()*len(r.Chart.Bars)*4 < r.Total {
			continue
		}
		if worst == nil || b.Fail*worst.Total() > worst.Fail*b.Total() {
			worst = b
		}
	}
	return worst
}

// Periods returns the bars that the listed failures belong to, newest first, for the filter.
func (r Report) Periods() []Bar {
	has := map[int64]bool{}
	for _, f := range r.Failures {
		has[f.Bucket] = true
	}
	var bars []Bar
	for i := len(r.Chart.Bars) - 1; i >= 0; i-- {
		if has[r.Chart.Bars[i].Start.Unix()] {
			bars = append(bars, r.Chart.Bars[i])
		}
	}
	return bars
}

// ListedCodes returns the codes of the listed failures, for the filter.
func (r Report) ListedCodes() []string {
	var names []string
	seen := map[string]bool{}
	for _, f := range r.Failures {
		if !seen[f.Code] {
			seen[f.Code] = true
			names = append(names, f.Code)
		}
	}
	return names
}

// Unit returns the name of what one bar stands for.
func (c Chart) Unit() string { return c.unit.String() }

// Total returns how many edits ended in the bar's time.
func (b Bar) Total() int { return b.Success + b.Fail }

// ID identifies the bar within the page.
func (b Bar) ID() int64 { return b.Start.Unix() }

// Label names the bar's time.
func (b Bar) Label() string {
	return b.Start.Format([...]string{"Mon 2 Jan, 15:04", "Mon 2 Jan 2006", "January 2006", "2006"}[b.unit])
}

// short names the bar's time below the picture.
func (b Bar) short() string {
	return b.Start.Format([...]string{"2 Jan 15:04", "2 Jan", "Jan 2006", "2006"}[b.unit])
}

// Share returns how much of the failures the code has, out of 100.
func (c Code) Share() string { return decimal(100 * float64(c.Count) / float64(max(c.Of, 1))) }

// A Picture is a chart laid out on a canvas of 1000 by 100, which is stretched to fit: its texts stand
// beside it.
type Picture struct {
	Columns    []Column
	Grid       []string // the y of lines
	YLabels    []string // from above
	XLabels    []string // from the left, evenly spread
	Max        float64
	ColumnSize string
}

// A Column is a bar as drawn: rectangles between x and x+ColumnSize.
type Column struct {
	Bar
	X           string
	FailY       string
	FailHeight  string
	RestY       string
	RestHeight  string
	RatePercent string
}

// Counts is the picture of numbers: failures at the bottom, where they can be compared, successes on top.
func (c Chart) Counts() Picture {
	top := 0
	for _, b := range c.Bars {
		top = max(top, b.Total())
	}
	return c.picture(niceCeil(float64(top)), func(b Bar) (fail, all float64) { return float64(b.Fail), float64(b.Total()) },
		func(v float64) string { return number(int(v)) })
}

// Rates is the picture of the share of failures.
func (c Chart) Rates() Picture {
	top := 0.0
	for _, b := range c.Bars {
		top = max(top, rate(b))
	}
	return c.picture(min(100, niceCeil(max(top, 1))), func(b Bar) (fail, all float64) { return rate(b), rate(b) },
		func(v float64) string { return decimal(v) + " %" })
}

func rate(b Bar) float64 { return 100 * float64(b.Fail) / float64(max(b.Total(), 1)) }

// picture lays out the bars. values returns the failures of a bar and the height of the whole.
func (c Chart) picture(top float64, values func(Bar) (fail, all float64), label func(float64) string) Picture {
	p := Picture{Max: top, Grid: []string{"0", "50", "100"}, YLabels: []string{label(top), label(top / 2), label(0)}}
	if math.Mod(top, 2) != 0 && top < 10 {
		p.Grid, p.YLabels = []string{"0", "100"}, []string{label(top), label(0)}
	}
	step := 1000 / float64(max(len(c.Bars), 1))
	p.ColumnSize = decimal(step * 0.82)
	for i, b := range c.Bars {
		fail, all := values(b)
		failHeight, height := 100*fail/top, 100*all/top
		p.Columns = append(p.Columns, Column{
			Bar: b, X: decimal(step * (float64(i) + 0.09)),
			FailY: decimal(100 - failHeight), FailHeight: decimal(failHeight),
			RestY: decimal(100 - height), RestHeight: decimal(height - failHeight),
			RatePercent: percent(b.Fail, b.Total()),
		})
	}
	if n := len(c.Bars); n > 0 {
		marks := min(n, 5)
		for i := range marks {
			p.XLabels = append(p.XLabels, c.Bars[i*(n-1)/max(marks-1, 1)].short())
		}
	}
	return p
}

// niceCeil returns a round number that is not below v.
func niceCeil(v float64) float64 {
	if v <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 3, 4, 5, 6, 8, 10} {
		if v <= m*power {
			return m * power
		}
	}
	return 10 * power
}

// decimal spells v with up to two digits after the point.
func decimal(v float64) string {
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(v, 'f', 2, 64), "0"), ".")
}

// percent spells part of whole. It says 100 and 0 only where that is the whole truth.
func percent(part, whole int) string {
	if whole == 0 {
		return "–"
	}
	v := math.Round(1000*float64(part)/float64(whole)) / 10
	switch {
	case part < whole && v == 100:
		v = 99.9
	case part > 0 && v == 0:
		v = 0.1
	}
	return strconv.FormatFloat(v, 'f', -1, 64) + " %"
}

// number spells n with thin spaces between thousands, which no language takes for a decimal sign.
func number(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}

// count spells n with its noun.
func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return number(n) + " " + noun
}

// zone names t's offset from UTC.
func zone(t time.Time) string {
	if _, offset := t.Zone(); offset == 0 {
		return "UTC"
	}
	return "UTC" + t.Format("-07:00")
}
