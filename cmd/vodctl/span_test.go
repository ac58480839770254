package main

import (
	"testing"
	"time"
)

func TestSpan(t *testing.T) {
	t.Parallel()
	east := time.FixedZone("east", 8*3600)
	now := time.Date(2026, 11, 22, 16, 30, 0, 0, time.UTC)
	at := func(s string) time.Time {
		if s == "" {
			return time.Time{}
		}
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, tt := range []struct{ since, until, wantSince, wantUntil string }{
		{"168h", "", "2026-11-15T16:30:00Z", ""},
		{"7d", "", "2026-11-15T16:30:00Z", ""},
		{"1w", "1d", "2026-11-15T16:30:00Z", "2026-11-21T16:30:00Z"},
		{"1d12h", "90m", "2026-11-21T04:30:00Z", "2026-11-22T15:00:00Z"},
		{"1w2d3h", "0s", "2026-11-13T13:30:00Z", "2026-11-22T16:30:00Z"},
		{"yesterday", "today", "2026-11-21T16:00:00Z", "2026-11-23T16:00:00Z"}, // in the east it is the 23rd already
		{"today", "yesterday", "2026-11-22T16:00:00Z", "2026-11-22T16:00:00Z"},
		{"2026-11-01", "2026-11-01", "2026-10-31T16:00:00Z", "2026-11-01T16:00:00Z"}, // midnights of the east
		{"2026-11-01T08:00:00Z", "2026-11-01T17:00:00+08:00", "2026-11-01T08:00:00Z", "2026-11-01T09:00:00Z"},
		{"2026-11-01T08:00:00.5Z", "", "2026-11-01T08:00:00.5Z", ""},
	} {
		since, err := parseMoment(tt.since, now, east, 0)
		if err != nil || !since.Equal(at(tt.wantSince)) {
			t.Errorf("since %s: %v, %v", tt.since, since, err)
		}
		if tt.until == "" {
			continue
		}
		until, err := parseMoment(tt.until, now, east, 1)
		if err != nil || !until.Equal(at(tt.wantUntil)) {
			t.Errorf("until %s: %v, %v", tt.until, until, err)
		}
	}
	for _, s := range []string{"", "x", "d", "7", "-24h", "+24h", "7d-1h", "-7d", "7dd", "d7", "1h7d", "99999d", "2026-11-31", "2026-1-1", "2026-11-01T08:00", "2026-11-01 08:00:00", "tomorrow", "24H", "2562047h9999999m"} {
		if moment, err := parseMoment(s, now, east, 0); err == nil {
			t.Errorf("%q is %v", s, moment)
		}
	}
	if _, err := (&spanFlags{since: "1h", until: "1h"}).parse(now); err == nil {
		t.Error("an empty span is no error")
	}
	if s, err := (&spanFlags{since: "1h"}).parse(now); err != nil || !s.until.IsZero() {
		t.Errorf("no end: %v, %v", s, err)
	}
}
