// Package report makes a page about the edits of a time range: which ended how, why some failed, and what
// to do. The page is one HTML file that needs nothing but itself.
//
// A Builder counts what it is given and returns a Report, the model, which is also served as JSON
// (report.json). page.html shows a Report; headline.go says what a person decides by; causes.go knows the
// published error codes; later.go follows produced edits on; chart.go draws.
package report

import (
	"time"

	"github.com/vod-callback/recorder/events"
)

// A Report is what the page shows. Its JSON form is what /report.json serves.
type Report struct {
	Source    string    `json:"source"`
	Since     time.Time `json:"since"`
	Until     time.Time `json:"until"`
	Generated time.Time `json:"generated"`

	Totals                    // of the time range
	Before         Totals     `json:"before"`                    // of the time of the same length before it
	SinceYesterday *Recent    `json:"since_yesterday,omitempty"` // nil where the time range does not reach until now
	LastFailure    *time.Time `json:"last_failure,omitempty"`    // the newest
	Unbroken       int        `json:"successes_since"`           // edits that succeeded after it
	LastHeard      *time.Time `json:"last_heard,omitempty"`      // when the last callback was received
	LongestPause   float64    `json:"longest_pause_seconds"`     // between two edits of the time range
	Future         int        `json:"after_until"`               // edits after the end of the time range, which no bar shows

	Chart Chart `json:"-"`
	Bars  []Bar `json:"bars"` // the chart's

	Causes        []Code    `json:"causes"`
	OtherCauses   int       `json:"other_causes"`   // codes beyond those
	OtherFailures int       `json:"other_failures"` // and their failures
	Failures      []Failure `json:"failures"`       // the newest

	Missing      []Missing  `json:"missing"` // the newest
	MissingTotal int        `json:"missing_total"`
	Later        *Later     `json:"later,omitempty"` // nil where nothing later is recorded
	Rejected     []Rejected `json:"rejected"`        // the newest
	RejectedAll  int        `json:"rejected_total"`

	Unreadable      int      `json:"unreadable"`
	UnreadableNames []string `json:"unreadable_names"`

	View View `json:"-"`
}

// A View is what the page needs besides its content.
type View struct {
	Lang    Lang    // in which it begins; English where it is empty
	Refresh int     // seconds after which the page loads itself anew; 0 is never
	Ranges  []Range // links to the same page about other time ranges
	Notice  Text    // what the reader has to know about how the page was made
	Live    bool    // the time range reaches until now
	vod     bool    // all that failed is of VOD
	// Command returns the command line of vodctl that reads the same store with these arguments.
	Command func(args ...string) string
	// Printable returns a text with what would not show as itself spelled out, as on a terminal. Nil leaves
	// texts alone.
	Printable func(string) string
}

// A Range is a link to the page about another time range.
type Range struct {
	Label   Text
	URL     string // relative, such as "?since=24h"
	Current bool
}

// Totals counts edits.
type Totals struct {
	Total   int `json:"total"`
	Success int `json:"success"`
	Failed  int `json:"failed"`
}

// Recent counts the edits since a moment, and the causes of the failures among them.
type Recent struct {
	Since time.Time `json:"since"`
	Totals
}

// A Code is an error code with its failures.
type Code struct {
	Name     string    `json:"code"`
	Count    int       `json:"count"`
	Before   int       `json:"before"`  // in the time of the same length before
	Recent   int       `json:"recent"`  // since yesterday
	New      bool      `json:"new"`     // there are outcomes of the time before, and it is not among them
	Message  string    `json:"message"` // the commonest
	Varies   bool      `json:"varies"`  // there are others
	First    time.Time `json:"first"`
	Newest   time.Time `json:"newest"`
	Projects []Project `json:"projects"` // those with most failures
	More     bool      `json:"more"`     // there are other projects
	Cause    Cause     `json:"cause"`
	Of       int       `json:"-"` // failures in all
}

// A Project is a project with failures of one cause.
type Project struct {
	ID    string `json:"id"`
	Count int    `json:"count"`
}

// A Failure is one failed edit.
type Failure struct {
	Time    time.Time `json:"time"`
	Media   string    `json:"media_id"`
	Project string    `json:"project_id,omitempty"`
	Code    string    `json:"error_code"`
	Message string    `json:"error_message,omitempty"`
	Bucket  int64     `json:"-"` // the bar that it belongs to
}

// A Missing is an edit that ended, as its producer says, and of which no callback came.
type Missing struct {
	Time    time.Time     `json:"time"`
	Status  events.Status `json:"status"`
	Media   string        `json:"media_id,omitempty"`
	Job     string        `json:"job_id,omitempty"`
	Project string        `json:"project_id,omitempty"`
	Code    string        `json:"error_code,omitempty"`
	Message string        `json:"error_message,omitempty"`
}

// A Rejected is a delivery in which no event could be read.
type Rejected struct {
	Time    time.Time `json:"time"`
	Trigger string    `json:"trigger"`
	Reason  string    `json:"reason"`
}

// The names that stand for an error code where there is none.
const (
	noCode     = "(no code)"
	unreadable = "(unreadable record)"
)

// Periods returns the bars that the listed failures belong to, newest first, for the filter.
func (r Report) Periods() []Bar {
	has := map[int64]bool{}
	for _, f := range r.Failures {
		has[f.Bucket] = true
	}
	var bars []Bar
	for i := len(r.Chart.Bars) - 1; i >= 0; i-- {
		if has[r.Chart.Bars[i].ID()] {
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

// Rate is the share of edits that succeeded.
func (t Totals) Rate() string { return percent(t.Success, t.Total) }

// Spread says that no project stands out: there are many, and none is known to have two of the failures.
func (c Code) Spread() bool { return c.More && c.Projects[0].Count == 1 }

// Share returns how much of the failures the code has, out of 100.
func (c Code) Share() string { return decimal(100 * float64(c.Count) / float64(max(c.Of, 1))) }
