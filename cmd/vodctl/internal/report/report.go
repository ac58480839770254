// Package report makes a page about the edits of a time range: how they ended, why some failed, and what to do. The
// page is one self-contained HTML file.
//
// A Builder counts outcomes and returns a Report, the data of the page, which is also served as JSON (report.json).
// page.html shows a Report. headline.go makes the summary, causes.go has the documented error codes, later.go handles
// the later events of produced edits, and chart.go makes the charts.
package report

import (
	"time"

	"github.com/vod-callback/recorder/events"
)

// A Report is the data of the page. /report.json serves it as JSON.
type Report struct {
	Source    string    `json:"source"`
	Since     time.Time `json:"since"`
	Until     time.Time `json:"until"`
	Generated time.Time `json:"generated"`

	Totals                    // of the time range
	Before         Totals     `json:"before"`                    // of the previous time range of the same length
	SinceYesterday *Recent    `json:"since_yesterday,omitempty"` // nil if the time range does not include the current time
	LastFailure    *time.Time `json:"last_failure,omitempty"`    // the newest
	Unbroken       int        `json:"successes_since"`           // edits that succeeded after it
	LastHeard      *time.Time `json:"last_heard,omitempty"`      // when the last callback was received
	LongestPause   float64    `json:"longest_pause_seconds"`     // between two edits of the time range
	Future         int        `json:"after_until"`               // edits after the end of the time range, which the chart does not show

	Chart Chart `json:"-"`
	Bars  []Bar `json:"bars"` // of the chart

	Causes        []Code    `json:"causes"`
	OtherCauses   int       `json:"other_causes"`   // codes that are not listed
	OtherFailures int       `json:"other_failures"` // failures with these codes
	Failures      []Failure `json:"failures"`       // the newest

	Missing      []Missing  `json:"missing"` // the newest
	MissingTotal int        `json:"missing_total"`
	Later        *Later     `json:"later,omitempty"` // nil if no later events are recorded
	Rejected     []Rejected `json:"rejected"`        // the newest
	RejectedAll  int        `json:"rejected_total"`

	Unreadable      int      `json:"unreadable"`
	UnreadableNames []string `json:"unreadable_names"`

	View View `json:"-"`
}

// A View holds the settings of the page.
type View struct {
	Lang    Lang    // the initial language; the default is English
	Refresh int     // seconds after which the page reloads; 0 means never
	Ranges  []Range // links to the page for other time ranges
	Notice  Text    // a notice for the reader, such as that the page is old
	Live    bool    // the time range includes the current time
	vod     bool    // all failures are of VOD
	// Command returns a command line of vodctl with these arguments that reads the same store.
	Command func(args ...string) string
	// Printable escapes the invisible characters of a text, as for a terminal. It may be nil.
	Printable func(string) string
}

// A Range is a link to the page for another time range.
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

// Recent counts the edits since a time, and the causes of the failures among them.
type Recent struct {
	Since time.Time `json:"since"`
	Totals
}

// A Code is an error code with its failures.
type Code struct {
	Name     string    `json:"code"`
	Count    int       `json:"count"`
	Before   int       `json:"before"`  // failures in the previous time range
	Recent   int       `json:"recent"`  // failures since yesterday
	New      bool      `json:"new"`     // it does not occur in the previous time range, which has outcomes
	Message  string    `json:"message"` // the most frequent one
	Varies   bool      `json:"varies"`  // there are other messages
	First    time.Time `json:"first"`
	Newest   time.Time `json:"newest"`
	Projects []Project `json:"projects"` // the projects with the most failures
	More     bool      `json:"more"`     // there are other projects
	Cause    Cause     `json:"cause"`
	Of       int       `json:"-"` // the total number of failures
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
	Bucket  int64     `json:"-"` // the ID of its bar
}

// A Missing is an edit without a callback: the producer reports that it ended, but no callback came.
type Missing struct {
	Time    time.Time     `json:"time"`
	Status  events.Status `json:"status"`
	Media   string        `json:"media_id,omitempty"`
	Job     string        `json:"job_id,omitempty"`
	Project string        `json:"project_id,omitempty"`
	Code    string        `json:"error_code,omitempty"`
	Message string        `json:"error_message,omitempty"`
}

// A Rejected is a delivery that contains no valid event.
type Rejected struct {
	Time    time.Time `json:"time"`
	Trigger string    `json:"trigger"`
	Reason  string    `json:"reason"`
}

// The names of missing error codes.
const (
	noCode     = "(no code)"
	unreadable = "(unreadable record)"
)

// Periods returns the bars of the listed failures, newest first, for the filter.
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

// Rate returns the share of successful edits.
func (t Totals) Rate() string { return percent(t.Success, t.Total) }

// Spread reports whether the failures are spread over many projects, so that no project has noticeably more.
func (c Code) Spread() bool { return c.More && c.Projects[0].Count == 1 }

// Share returns the code's share of all failures, in percent.
func (c Code) Share() string { return decimal(100 * float64(c.Count) / float64(max(c.Of, 1))) }
