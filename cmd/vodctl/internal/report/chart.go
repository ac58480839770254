package report

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// A unit is the length of time of one bar.
type unit int

const (
	hour unit = iota
	day
	month
	year
)

// String returns the unit's name.
func (u unit) String() string { return [...]string{"hour", "day", "month", "year"}[u] }

// startOf returns the start of the unit that contains t, in t's time zone.
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

// next returns the start of the unit after the one that starts at t. The result is after t, also at the end of
// daylight saving time, when an hour occurs twice.
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

// unitFor returns the unit for a time range of the given length: hours for up to four days, days for up to half a
// year.
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

// A Chart shows the outcomes over time.
type Chart struct {
	Bars []Bar
	unit unit
}

// A Bar is one unit of time.
type Bar struct {
	Start   time.Time `json:"start"`
	Success int       `json:"success"`
	Fail    int       `json:"fail"`
	unit    unit
}

// Total returns how many edits ended in the bar's time.
func (b Bar) Total() int { return b.Success + b.Fail }

// ID identifies the bar within the page.
func (b Bar) ID() int64 { return b.Start.Unix() }

// Label returns the name of the bar's time.
func (b Bar) Label() Text {
	switch t := b.Start; b.unit {
	case month:
		return same(t.Format("2006-01"))
	case year:
		return same(t.Format("2006"))
	default:
		form := [...]string{"2006-01-02 15:04", "2006-01-02"}[b.unit]
		weekday := [...]string{"周日", "周一", "周二", "周三", "周四", "周五", "周六"}[t.Weekday()]
		return Text{t.Format("Mon " + form), weekday + " " + t.Format(form)}
	}
}

// short returns the name of the bar's time below the chart.
func (b Bar) short() string {
	return b.Start.Format([...]string{"01-02 15:04", "01-02", "2006-01", "2006"}[b.unit])
}

// Unit returns the name of the chart's unit.
func (c Chart) Unit() Text {
	return [...]Text{{"hour", "小时"}, {"day", "日"}, {"month", "月"}, {"year", "年"}}[c.unit]
}

// Worst returns the bar with unusually many failures, or nil. Such a bar has at least 10 failures, and more than three
// standard deviations above the number that the failure rate of all other bars predicts. If there are several, Worst
// returns the one with the largest difference.
func (c Chart) Worst() *Bar {
	const least, deviations = 10, 3
	all := Bar{}
	for _, b := range c.Bars {
		all.Success, all.Fail = all.Success+b.Success, all.Fail+b.Fail
	}
	var worst *Bar
	most := 0.0
	for i, b := range c.Bars {
		others := all.Total() - b.Total()
		if b.Fail < least || others == 0 {
			continue
		}
		expected := float64(all.Fail-b.Fail) / float64(others) * float64(b.Total())
		if excess := float64(b.Fail) - expected; excess > deviations*math.Sqrt(max(expected, 1)) && excess > most {
			worst, most = &c.Bars[i], excess
		}
	}
	return worst
}

// A Picture is a chart on a canvas of 1000 by 100, which the page stretches. The labels are outside the canvas, so
// that they are not stretched.
type Picture struct {
	Columns    []Column
	Grid       []string // the y coordinates of lines
	YLabels    []string // from top to bottom
	XLabels    []XLabel
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

// An XLabel is the label of a bar, centred below it.
type XLabel struct {
	Bar  int64  // its ID
	X    string // the middle of the bar, in percent of the width
	Text string
	Rest bool // left out on a narrow page
}

// Counts returns the picture of the numbers. Failures are at the bottom, where they are easy to compare, and successes
// on top.
func (c Chart) Counts() Picture {
	top := 0
	for _, b := range c.Bars {
		top = max(top, b.Total())
	}
	return c.picture(niceCeil(float64(top)), func(b Bar) (fail, all float64) { return float64(b.Fail), float64(b.Total()) },
		func(v float64) string { return number(int(v)) })
}

// Rates returns the picture of the failure rates.
func (c Chart) Rates() Picture {
	top := 0.0
	for _, b := range c.Bars {
		top = max(top, rate(b))
	}
	return c.picture(min(100, niceCeil(max(top, 1))), func(b Bar) (fail, all float64) { return rate(b), rate(b) },
		func(v float64) string { return decimal(v) + " %" })
}

func rate(b Bar) float64 { return 100 * float64(b.Fail) / float64(max(b.Total(), 1)) }

// picture lays out the bars. values returns the failures of a bar and its total height.
func (c Chart) picture(top float64, values func(Bar) (fail, all float64), label func(float64) string) Picture {
	p := Picture{Grid: []string{"0", "50", "100"}, YLabels: []string{label(top), label(top / 2), label(0)}}
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
	p.XLabels = c.xLabels()
	return p
}

// xLabels returns labels for every bar, or for every n-th bar if there is not enough room. It counts back from the
// newest bar.
func (c Chart) xLabels() []XLabel {
	const most = 8
	n := len(c.Bars)
	step := (n + most - 1) / most
	var labels []XLabel
	for i := n - 1; i >= 0; i -= step {
		labels = append(labels, XLabel{
			Bar: c.Bars[i].ID(), Text: c.Bars[i].short(), Rest: len(labels)%2 == 1,
			X: decimal(100*(float64(i)+0.5)/float64(n)) + "%",
		})
	}
	return labels
}

// niceCeil returns a round number that is at least v.
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

// decimal formats v with up to two digits after the point.
func decimal(v float64) string {
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(v, 'f', 2, 64), "0"), ".")
}
