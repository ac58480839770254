package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/vod-callback/recorder/internal/local/sample"
	"github.com/vod-callback/recorder/internal/outcome"
	"github.com/vod-callback/recorder/internal/record"
)

// TestFollow has outcomes recorded while list --follow runs: on a new day, on one that has passed, and in the
// past of one that is shown already.
func TestFollow(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "store")
	to := record.FileRecorder{Dir: dir}
	start := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	put := func(id string, at time.Time) {
		t.Helper()
		e, err := sample.Outcome(sample.Event{MediaID: id, Time: at}, outcome.Facts{Trigger: "http", ReceivedAt: at.Format(outcome.TimeFormat)}).Entry()
		check(t, err)
		_, err = to.Record(t.Context(), e)
		check(t, err)
	}
	put("second", start)
	put("first", start.Add(-time.Hour))
	put("too-old", start.Add(-100*time.Hour))
	check(t, os.WriteFile(filepath.Join(dir, "ProduceMediaComplete", "dt=2026-11-20", "notes"), nil, 0o600))

	program, err := os.Executable()
	check(t, err)
	cmd := exec.Command(program, "list", "--follow", "--from", dir, "--since", "2026-11-18", "-o", "ndjson")
	cmd.Args[0] = "vodctl"
	cmd.Env = append(os.Environ(), "TZ=UTC", "GORACE=atexit_sleep_ms=0")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	lines := bufio.NewScanner(stdout)
	expect := func(ids ...string) {
		t.Helper()
		for _, id := range ids {
			var o outcome.Outcome
			if !lines.Scan() || json.Unmarshal(lines.Bytes(), &o) != nil || o.MediaID != id {
				t.Fatalf("%q comes, want %s; %s", lines.Text(), id, stderr.String())
			}
		}
	}
	expect("first", "second")
	put("earlier", start.Add(-30*time.Minute))
	expect("earlier")
	put("day-before", start.Add(-24*time.Hour))
	expect("day-before")
	put("day-after", start.Add(24*time.Hour))
	expect("day-after")
	check(t, cmd.Process.Signal(os.Interrupt))
	if lines.Scan() {
		t.Errorf("%q comes in the end", lines.Text())
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("Ctrl-C: %v; %s", err, stderr.String())
	}
	if n := bytes.Count(stderr.Bytes(), []byte("dt=2026-11-20/notes: not a key")); n != 1 {
		t.Errorf("a foreign object is named %d times: %s", n, stderr.String())
	}
}
