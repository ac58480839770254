package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// defaultSince is the default of --since.
const defaultSince = "168h"

// spanForm describes the values of --since and --until, for error messages and help texts.
const spanForm = "a duration back from now (24h, 7d), a date (2026-11-01, today, yesterday), or RFC 3339 (2026-11-01T08:00:00Z)"

// spanFlags are the flags of every command that reads a time range.
type spanFlags struct {
	since, until string
	utc          bool
	flags        *pflag.FlagSet // to distinguish a given value from the default
}

func (sf *spanFlags) add(cmd *cobra.Command, f *pflag.FlagSet) {
	sf.flags = f
	f.StringVar(&sf.since, "since", defaultSince, "events at or after this time, by event_time: "+spanForm)
	f.StringVar(&sf.until, "until", "", "events before this time, in the same forms; a date includes the whole day (default: no end)")
	f.BoolVar(&sf.utc, "utc", false, "show times and read dates in UTC instead of local time")
	complete(cmd, "since", "1h", "24h", "7d", "30d", "today", "yesterday", time.Now().Format(time.DateOnly))
	complete(cmd, "until", "1h", "24h", "7d", "today", "yesterday", time.Now().Format(time.DateOnly))
}

// location returns the time zone in which times are shown and dates are read.
func (sf *spanFlags) location() *time.Location {
	if sf.utc {
		return time.UTC
	}
	return time.Local
}

// A span is the half-open time range [since, until). A zero until means no end.
type span struct{ since, until time.Time }

// parse reads the flags. If --until is a date, the range ends at the end of that day. The default of --since is
// counted back from --until.
func (sf *spanFlags) parse(now time.Time) (span, error) {
	var s span
	var err error
	from := now
	if sf.until != "" {
		if s.until, err = parseMoment(sf.until, now, sf.location(), 1); err != nil {
			return span{}, usagef("--until %q: %w", sf.until, err)
		}
		if sf.flags != nil && !sf.flags.Changed("since") && s.until.Before(now) {
			from = s.until
		}
	}
	if s.since, err = parseMoment(sf.since, from, sf.location(), 0); err != nil {
		return span{}, usagef("--since %q: %w", sf.since, err)
	}
	if sf.until != "" && !s.since.Before(s.until) {
		return span{}, usagef("--since %q is not before --until %q", sf.since, sf.until)
	}
	return s, nil
}

// parseMoment reads one time. For a date, it returns the midnight at the start of the day that is daysOn days
// later.
func parseMoment(s string, now time.Time, loc *time.Location, daysOn int) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	if t, ok := parseDate(s, now, loc); ok {
		return time.Date(t.Year(), t.Month(), t.Day()+daysOn, 0, 0, 0, 0, loc), nil
	}
	back, err := parseDuration(s)
	if err != nil {
		return time.Time{}, errors.New("want " + spanForm)
	}
	return now.Add(-back), nil
}

// parseDate reads a date, or the words today and yesterday.
func parseDate(s string, now time.Time, loc *time.Location) (time.Time, bool) {
	switch s {
	case "today":
		return now.In(loc), true
	case "yesterday":
		return now.In(loc).AddDate(0, 0, -1), true
	}
	t, err := time.ParseInLocation(time.DateOnly, s, loc)
	return t, err == nil
}

// parseDuration reads a Go duration that may begin with weeks and days, as in 7d or 1d12h. A day has 24 hours.
func parseDuration(s string) (time.Duration, error) {
	var total time.Duration
	rest := s
	for _, unit := range []struct {
		name   string
		length time.Duration
	}{{"w", 7 * 24 * time.Hour}, {"d", 24 * time.Hour}} {
		number, after, ok := strings.Cut(rest, unit.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(number, 10, 16)
		if err != nil {
			return 0, fmt.Errorf("%q is not a number", number)
		}
		total += time.Duration(n) * unit.length
		rest = after
	}
	if rest == "" && rest != s {
		return total, nil
	}
	d, err := time.ParseDuration(rest)
	if err != nil || strings.ContainsAny(rest, "+-") {
		return 0, errors.New("want a duration")
	}
	if total += d; total < 0 {
		return 0, errors.New("too long")
	}
	return total, nil
}

// words returns s in words.
func (s span) words(loc *time.Location) string {
	const form = "2006-01-02 15:04 MST"
	if s.until.IsZero() {
		return "since " + s.since.In(loc).Format(form)
	}
	return "between " + s.since.In(loc).Format(form) + " and " + s.until.In(loc).Format(form)
}

// complete makes the shell offer words as the values of a flag.
func complete(cmd *cobra.Command, flag string, words ...string) {
	err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
	if err != nil {
		panic(err) // only a programming error: the flag does not exist, or already has completions
	}
}
