package reconcile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/outcome"
	"github.com/vod-callback/recorder/internal/record"
	"github.com/vod-callback/recorder/internal/store"
	"github.com/vod-callback/recorder/internal/test/producertest"
)

// find compares, and records what it finds in s.
func find(t testing.TB, name events.Producer, server *producertest.Server, s testStore) {
	t.Helper()
	r, err := compare(t, name, fast(startServer(t, server)), s.open())
	if err != nil {
		t.Fatal(err)
	}
	for page, err := range r.Findings() {
		if err != nil {
			t.Fatal(err)
		}
		if fresh, err := Record(t.Context(), s.recorder(), outcomes(page)); err != nil || fresh != len(page) {
			t.Fatalf("%d of %d recorded, %v", fresh, len(page), err)
		}
		if fresh, err := Record(t.Context(), s.recorder(), outcomes(page)); err != nil || fresh != 0 {
			t.Fatalf("%d recorded again, %v", fresh, err)
		}
	}
}

func outcomes(edits []Edit) []outcome.Outcome {
	found := make([]outcome.Outcome, len(edits))
	for i, e := range edits {
		found[i] = e.Outcome(outcome.Facts{ReceivedAt: noon.Format(outcome.TimeFormat)})
	}
	return found
}

// keysOfMissing returns what Missing yields.
func keysOfMissing(t testing.TB, s testStore, since, until time.Time) []string {
	t.Helper()
	var keys []string
	for f, err := range Missing(t.Context(), s.open(), since, until) {
		if err != nil {
			t.Fatal(err)
		}
		key := f.Key
		if f.Err != nil {
			key += " " + f.Err.Error()
		} else if o, err := store.ReadRecord(f.Line); err != nil || o.JobID != f.Outcome.JobID || o.Trigger != Trigger {
			t.Errorf("%s: %+v is kept as %s, %v", key, f.Outcome, f.Line, err)
		}
		keys = append(keys, key)
	}
	return keys
}

func TestMissing(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	find(t, events.IMS, &producertest.Server{Jobs: []producertest.Job{ended("j1", "m1", noon), failedJob("j2", "", noon.Add(time.Hour)), ended("j3", "m3", noon.Add(-12*time.Hour))}}, s)
	want := []string{"missing/dt=2026-11-24/j1.json", "missing/dt=2026-11-24/j2.json", "missing/dt=2026-11-24/j3.json"}
	if got := s.files(); !slices.Equal(got, want) {
		t.Fatalf("kept %q, want %q", got, want)
	}
	none := time.Time{}
	for _, tt := range []struct {
		name         string
		since, until time.Time
		add          func()
		want         []string
	}{
		{"all", none, none, func() {}, want},
		{"since", noon, none, func() {}, want[:2]},
		{"until", none, noon, func() {}, want[2:]},
		{"another day", noon.AddDate(0, 0, 1), none, func() {}, nil},
		{"a record of another", none, none, func() { s.add("j9", "m9", noon) }, want},
		{"a record that is too late", none, none, func() { s.add("j1", "m1", noon.AddDate(0, 0, 2)) }, want},
		{"a record of the medium", none, none, func() { s.add("", "m1", noon) }, want[1:]},
		{"a record of the job, with a medium", none, none, func() { s.add("j2", "m2", noon.Add(time.Hour)) }, want[2:]},
		{"a record of job and medium", none, none, func() { s.add("j3", "m3", noon.Add(-12*time.Hour)) }, nil},
	} {
		tt.add()
		if got := keysOfMissing(t, s, tt.since, tt.until); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestMissingMany: more findings than are looked for one by one.
func TestMissingMany(t *testing.T) {
	t.Parallel()
	s, server := newStore(t), &producertest.Server{}
	for i := range 3 * fewFindings {
		server.Jobs = append(server.Jobs, ended(fmt.Sprintf("j%d", i), fmt.Sprintf("m%d", i), noon.Add(time.Duration(i)*time.Minute)))
	}
	find(t, events.IMS, server, s)
	for i := range 3*fewFindings - 2 {
		s.add(fmt.Sprintf("j%d", i), fmt.Sprintf("m%d", i), noon.Add(time.Duration(i)*time.Minute))
	}
	if got, want := keysOfMissing(t, s, time.Time{}, time.Time{}), []string{"missing/dt=2026-11-24/j94.json", "missing/dt=2026-11-24/j95.json"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestMissingOfVOD(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	find(t, events.VOD, &producertest.Server{Videos: []producertest.Video{madeVideo("v 1", "Normal", noon), madeVideo("v2", "ProduceFail", noon)}}, s)
	if got, want := keysOfMissing(t, s, time.Time{}, time.Time{}), []string{"missing/dt=2026-11-24/v%201.json", "missing/dt=2026-11-24/v2.json"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	s.add("", "v 1", noon.Add(-5*time.Minute))
	if got, want := keysOfMissing(t, s, time.Time{}, time.Time{}), []string{"missing/dt=2026-11-24/v2.json"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestMissingUnreadable: what is no finding is named, and does not hide the others.
func TestMissingUnreadable(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	find(t, events.IMS, &producertest.Server{Jobs: []producertest.Job{ended("j1", "m1", noon)}}, s)
	dir := filepath.Join(s.dir, "missing", "dt=2026-11-24")
	for name, text := range map[string]string{"empty.json": "", "half.json": `{"schema_version":1`, "notes.txt": "x"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got := keysOfMissing(t, s, time.Time{}, time.Time{})
	if len(got) != 4 || !slices.Contains(got, "missing/dt=2026-11-24/j1.json") {
		t.Errorf("%q", got)
	}
	for _, key := range got {
		if strings.Contains(key, "j1") == strings.Contains(key, " ") {
			t.Errorf("%q", key)
		}
	}
}

func TestMissingWithoutStore(t *testing.T) {
	t.Parallel()
	for f, err := range Missing(t.Context(), brokenStore{}, time.Time{}, time.Time{}) {
		if err == nil || f.Key != "" {
			t.Errorf("%+v, %v", f, err)
		}
	}
}

// brokenRecorder keeps nothing of one job.
type brokenRecorder struct {
	record.Recorder
	job string
}

func (r brokenRecorder) Record(ctx context.Context, e record.Entry) (record.Result, error) {
	if strings.Contains(e.Key, r.job) {
		return 0, errors.New("no space left")
	}
	return r.Recorder.Record(ctx, e)
}

func TestRecordFails(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	var edits []Edit
	for _, job := range []string{"a", "broken", "c"} {
		edits = append(edits, Edit{Event: events.Event{Producer: events.IMS, JobID: job, Status: events.Success, EventTime: noon}, Raw: []byte("{}")})
	}
	fresh, err := Record(t.Context(), brokenRecorder{s.recorder(), "broken"}, outcomes(edits))
	if fresh != 2 || err == nil || err.Error() != "1 of 3 findings could not be recorded: no space left" {
		t.Errorf("%d, %v", fresh, err)
	}
	if got := s.files(); len(got) != 2 {
		t.Errorf("kept %q", got)
	}
}

// TestOddSubmission: an edit that claims to be submitted long ago does not have every day since then listed.
func TestOddSubmission(t *testing.T) {
	t.Parallel()
	e, err := readJob([]byte(`{"JobId":"j1","Status":"Success","CreateTime":"1970-01-01T00:00:00Z","CompleteTime":"` + noon.Format(apiTime) + `"}`))
	if err != nil {
		t.Fatal(err)
	}
	c := newComparison()
	c.add(e, true, 0, 0)
	if days := c.days(); len(days) != maxWindow+2 || days[len(days)-1] != "2026-11-25" {
		t.Errorf("%d days, to %s", len(days), days[len(days)-1])
	}
}
