package soak_test

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/vod-callback/recorder/internal/test/soak"
)

var (
	seed       = flag.Uint64("seed", 1, "what a soak does follows from it")
	deliveries = flag.Int("deliveries", 300, "how many deliveries a soak has")
	instances  = flag.Int("instances", 24, "how many instances of the function there are at a time")
	timeout    = flag.Duration("record-timeout", 500*time.Millisecond, "RECORD_TIMEOUT")
	faults     = flag.Float64("faults", 0.3, "the share of requests to OSS that fail")
	pace       = flag.Float64("pace", 0.01, "a factor on the pauses between a sender's tries")
	keep       = flag.String("logs", "", "an empty directory that keeps the instances' logs")
	punctual   = flag.Bool("punctual", false, "fail where an answer comes later than RECORD_TIMEOUT and 250 ms")
)

// TestSoak is a matter of seconds; 'make soak' has it take minutes.
func TestSoak(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", dir, "../../../cmd/function", "../../../cmd/vodctl")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	logs := *keep
	if logs == "" {
		logs = t.TempDir()
	}
	report, err := soak.Run(t.Context(), soak.Config{
		Function: filepath.Join(dir, "function"), Vodctl: filepath.Join(dir, "vodctl"), Dir: logs, Seed: *seed, Deliveries: *deliveries, Instances: *instances,
		RecordTimeout: *timeout, Faults: *faults, Pace: *pace, Progress: func(s string) { t.Log(s) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", report)
	for _, failure := range report.Failures() {
		t.Error(failure)
	}
	if report.Stored == 0 || report.Replayed == 0 || report.Faults == nil {
		t.Error("nothing was stored, or there was nothing to replay: this is no soak")
	}
	if *punctual && len(report.Answered.Inexcusable) > 0 {
		t.Errorf("%d answers came late", len(report.Answered.Inexcusable))
	}
}
