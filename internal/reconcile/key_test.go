package reconcile

import (
	"testing"
	"time"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/outcome"
)

func TestKey(t *testing.T) {
	t.Parallel()
	end := time.Date(2026, 11, 24, 23, 30, 0, 0, time.FixedZone("", -3600))
	for _, tt := range []struct {
		name string
		o    outcome.Outcome
		want string // "" is an error
	}{
		{"the job", outcome.Outcome{Event: events.Event{EventTime: end, JobID: "job", MediaID: "medium"}}, "missing/dt=2026-11-25/job.json"},
		{"the medium", outcome.Outcome{Event: events.Event{EventTime: end, MediaID: "a/b ü"}}, "missing/dt=2026-11-25/a%2Fb%20%C3%BC.json"},
		{"dots", outcome.Outcome{Event: events.Event{EventTime: end, JobID: ".."}}, "missing/dt=2026-11-25/%2E%2E.json"},
		{"nothing", outcome.Outcome{Event: events.Event{EventTime: end}}, ""},
		{"five digits", outcome.Outcome{Event: events.Event{EventTime: time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC), JobID: "job"}}, ""},
	} {
		key, err := Key(tt.o)
		if key != tt.want || (err != nil) != (tt.want == "") {
			t.Errorf("%s: %q, %v; want %q", tt.name, key, err, tt.want)
		}
		if tt.want == "" {
			continue
		}
		subject := tt.o.JobID
		if subject == "" {
			subject = tt.o.MediaID
		}
		if d, s, err := ParseKey(key); d != "2026-11-25" || s != subject || err != nil {
			t.Errorf("%s: ParseKey(%q) = %q, %q, %v", tt.name, key, d, s, err)
		}
	}
}

func TestForeignKeys(t *testing.T) {
	t.Parallel()
	for _, key := range []string{
		"", "missing", "missing/dt=2026-11-25", "missing/dt=2026-11-25/a/b.json", "rejected/dt=2026-11-25/a.json",
		"missing/2026-11-25/a.json", "missing/dt=2026-13-25/a.json", "missing/dt=2026-11-25/a", "missing/dt=2026-11-25/.json",
		"missing/dt=2026-11-25/a b.json", "missing/dt=2026-11-25/...json",
	} {
		if d, s, err := ParseKey(key); err == nil {
			t.Errorf("ParseKey(%q) = %q, %q; want an error", key, d, s)
		}
	}
}
