package main

import (
	"bytes"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/local/sample"
	"github.com/vod-callback/recorder/internal/outcome"
	"github.com/vod-callback/recorder/internal/store"
	"github.com/vod-callback/recorder/internal/test/osstest"
)

// scaleEnd is when the outcomes of the benchmark end.
var scaleEnd = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// manyKeys yields n keys of the days before scaleEnd. Their content is shared: only what failed has any that
// matters, and which failure it is does not.
func manyKeys(n, days int) iter.Seq2[string, []byte] {
	from := scaleEnd.AddDate(0, 0, -days)
	body := map[events.Status][]byte{}
	for _, status := range []events.Status{events.Success, events.Fail} {
		line, err := sample.Outcome(sample.Event{Status: status, Time: from}, outcome.Facts{Trigger: "http", ReceivedAt: from.UTC().Format(outcome.TimeFormat)}).Line()
		if err != nil {
			panic(err) // a constant
		}
		body[status] = line
	}
	random := rand.New(rand.NewPCG(1, 1))
	return func(yield func(string, []byte) bool) {
		for i := range n {
			t := from.Add(time.Duration(i) * (scaleEnd.Sub(from) / time.Duration(n))).UTC()
			status := events.Success
			if i%25 == 0 {
				status = events.Fail
			}
			media := fmt.Sprintf("%016x%016x", random.Uint64(), random.Uint64())
			if i == n/2 {
				media = "themedium"
			}
			key := store.MediaPrefix(outcome.Root, t.Format(time.DateOnly), media) + t.Format("20060102T150405Z") + "-" + string(status) + fmt.Sprintf("-%012x.json", i)
			if !yield("vod/"+key, body[status]) {
				return
			}
		}
	}
}

// manyRecords yields n outcomes as they would be recorded.
func manyRecords(n, days int) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for o := range sample.History(n, scaleEnd.AddDate(0, 0, -days), scaleEnd, 1) {
			e, err := o.Entry()
			if err != nil || !yield("vod/"+e.Key, e.Body) {
				return
			}
		}
	}
}

// BenchmarkScale runs the reading commands, each in a process of its own, against a server that plays OSS
// on the same machine, with 5 ms before each answer as in a region. It tells the requests that a command made
// and the most memory that its process had.
func BenchmarkScale(b *testing.B) {
	program := filepath.Join(b.TempDir(), "vodctl")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		b.Fatalf("build: %v\n%s", err, out)
	}
	server, err := osstest.Start(osstest.Config{LogSize: 1})
	check(b, err)
	defer server.Close()
	server.SetCredentials(osstest.Credentials{AccessKeyID: "id", AccessKeySecret: "secret"})
	for bucket, objects := range map[string]iter.Seq2[string, []byte]{"million": manyKeys(1_000_000, 30), "records": manyRecords(100_000, 30)} {
		server.AddBucket(bucket, osstest.BucketOptions{})
		check(b, server.Seed(bucket, objects))
	}
	server.SetFault(func(osstest.Request) osstest.Fault { return osstest.Fault{Delay: 5 * time.Millisecond} })
	end := scaleEnd.Format(time.RFC3339)
	dayBefore := scaleEnd.Add(-24 * time.Hour).Format(time.RFC3339)
	for _, bench := range []struct{ name, bucket, args string }{
		{"list 24h of a million", "million", "list --since " + dayBefore + " --until " + end},
		{"list failures of 24h of a million", "million", "list --status fail --since " + dayBefore + " --until " + end},
		{"list the newest 20 of a million", "million", "list --limit 20 --since 2026-01-01"},
		{"show one of a million", "million", "show themedium"},
		{"report 30 days of 100,000", "records", "report -o - --since 2026-10-23 --until " + end},
		{"list 30 days of 100,000, ndjson", "records", "list -o ndjson --since 2026-10-23 --until " + end},
		{"report 30 days of a million", "million", "report -o - --since 2026-10-23 --until " + end},
	} {
		b.Run(bench.name, func(b *testing.B) {
			before := server.Stats().Requests
			var peak, lines float64
			var cpu time.Duration
			for b.Loop() {
				cmd := exec.Command(program, strings.Fields(bench.args)...)
				cmd.Env = append(os.Environ(), "ALIBABA_CLOUD_ACCESS_KEY_ID=id", "ALIBABA_CLOUD_ACCESS_KEY_SECRET=secret",
					"RECORD_TO=oss://"+bench.bucket+"/vod?region=cn-hangzhou&endpoint="+server.URL())
				var stdout, stderr bytes.Buffer
				cmd.Stdout, cmd.Stderr = &stdout, &stderr
				check(b, cmd.Start())
				watched := make(chan float64)
				go func() { watched <- peakMemory(cmd.Process.Pid) }()
				if err := cmd.Wait(); err != nil {
					b.Fatalf("%v\n%s", err, stderr.String())
				}
				peak = max(peak, <-watched)
				cpu += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
				lines = float64(bytes.Count(stdout.Bytes(), []byte("\n")))
			}
			b.ReportMetric(float64(server.Stats().Requests-before)/float64(b.N), "requests/op")
			b.ReportMetric(peak, "MB-peak")
			b.ReportMetric(cpu.Seconds()/float64(b.N), "cpu-s/op")
			b.ReportMetric(lines, "lines")
		})
	}
}

// peakMemory returns the most memory, in MB, that a process has had by shortly before its end. (What the
// kernel tells of a child that has ended includes its parent's before exec.)
func peakMemory(pid int) (peak float64) {
	for {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			return peak // it has ended, or this is no Linux
		}
		_, after, ok := strings.Cut(string(status), "VmHWM:")
		if !ok {
			return peak // a zombie
		}
		var kilobytes float64
		if _, err := fmt.Sscan(after, &kilobytes); err == nil {
			peak = max(peak, kilobytes/1024)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
