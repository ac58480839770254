package soak

import (
	"fmt"
	"strings"
	"time"
)

// A Report is what a soak came to.
type Report struct {
	Config        Config
	Took          time.Duration
	Deliveries    map[string]int // by kind
	Tries         *counter       // by kind
	Answers       *counter
	Faults        *counter
	Requests      int // to OSS
	Events        int // different ones
	NoEvents      int // different inputs that are none
	Strangers     int // different events that were not authentic
	Stored        int // of both, once and with the right content
	Unrecorded    int // lines of the log that hold one of either
	Cut           int // lines of the log that an instance was killed over
	Replayed      int // recorded by the replay and not before
	ReplayedTwice int // recorded by the second replay, which should find nothing
	ReplayFailed  int
	ReplayWords   []string
	Unanswered    []string // events that the function never said a word about, because its instances were killed
	Lost          []string // events that it answered for and that are nowhere
	Doubled       int
	LetIn         int      // events that were not authentic and are recorded
	Wrong         []string // answers and records that are not what they should be
	Answered      Durations
	LogBytes      int
	Secrets       int
	Leaks         map[string]int
}

// Durations say how long the function took to answer.
type Durations struct {
	Count          int
	P50, P99, Max  time.Duration
	Late           int           // how many came later than RECORD_TIMEOUT and Margin
	Inexcusable    []Took        // those of them that the machine's stalls do not account for, the latest first
	Stalled, Stall time.Duration // how long the machine stalled, in all and at a time
}

// Took says how long one answer took.
type Took struct {
	Time          time.Duration
	End           time.Time
	Kind, Request string
}

// Failures lists what must not happen, but for late answers: a busy machine may cause those.
func (r *Report) Failures() []string {
	var all []string
	add := func(n int, what string, examples ...string) {
		if n > 0 {
			all = append(all, fmt.Sprintf("%d %s %s", n, what, strings.Join(examples[:min(len(examples), 5)], "\n  ")))
		}
	}
	add(len(r.Lost), "events lost:", r.Lost...)
	add(r.Doubled, "events doubled")
	add(len(r.Wrong), "answers or records wrong:", r.Wrong...)
	add(r.LetIn, "strangers let in")
	add(r.ReplayedTwice, "events recorded by the second replay")
	add(r.ReplayFailed, "replays failed:", r.ReplayWords...)
	add(len(r.Leaks), "kinds of leaks: "+inWords(r.Leaks))
	if missing := r.Events + r.NoEvents - r.Stored - len(r.Unanswered) - len(r.Lost); missing != 0 && r.Doubled == 0 {
		add(missing, "events unaccounted for")
	}
	return all
}

// String is the report in words.
func (r *Report) String() string {
	var b strings.Builder
	row := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-12s "+format+"\n", append([]any{name}, args...)...)
	}
	deliveries := 0
	for _, n := range r.Deliveries {
		deliveries += n
	}
	c := r.Config
	row("soak", "seed %d, %d instances, RECORD_TIMEOUT %v, %.0f %% faults, pauses × %g, %v", c.Seed, c.Instances, c.RecordTimeout, 100*c.Faults, c.Pace, r.Took.Round(time.Second))
	row("events", "%d, and %d inputs that are none, and %d events that are not authentic", r.Events, r.NoEvents, r.Strangers)
	row("deliveries", "%d (%s)", deliveries, inWords(r.Deliveries))
	row("attempts", "%d (%s)", r.Tries.total(), r.Tries)
	row("answers", "%s", r.Answers)
	row("faults", "%d over %d requests to OSS (%s)", r.Faults.total(), r.Requests, r.Faults)
	row("stored", "%d", r.Stored)
	row("unrecorded", "%d lines in the log, %d more cut by a kill", r.Unrecorded, r.Cut)
	row("replayed", "%d", r.Replayed)
	row("unanswered", "%d (given up by their senders: every instance that had them was killed before it answered)", len(r.Unanswered))
	row("lost", "%d", len(r.Lost))
	row("doubled", "%d", r.Doubled)
	row("wrong", "%d", len(r.Wrong))
	row("let in", "%d", r.LetIn)
	row("leaked", "%d of %d secrets, in %d MB of log, all records and all answers", len(r.Leaks), r.Secrets, r.LogBytes>>20)
	t := r.Answered
	row("answer time", "p50 %v, p99 %v, max %v", t.P50.Round(100*time.Microsecond), t.P99.Round(time.Millisecond), t.Max.Round(time.Millisecond))
	row("late", "%d of %d after more than %v; %d without the time for which this machine stood still (%v in all, %v at a time)",
		t.Late, t.Count, c.RecordTimeout+Margin, len(t.Inexcusable), t.Stalled.Round(time.Millisecond), t.Stall.Round(time.Millisecond))
	for _, late := range t.Inexcusable[:min(len(t.Inexcusable), 10)] {
		row("", "%v, %s, request %s", late.Time.Round(time.Millisecond), late.Kind, late.Request)
	}
	return b.String()
}
