package main_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/local/fclocal"
	"github.com/vod-callback/recorder/internal/local/sample"
	"github.com/vod-callback/recorder/internal/test/osstest"
	"github.com/vod-callback/recorder/internal/test/proc"
)

// largest is the largest payload of a synchronous invocation.
const largest = 32 << 20

// usage returns the peak of a process's memory in MiB, and its CPU time. A system that does not say so
// skips the test.
func usage(t *testing.T, pid int) (peak float64, cpu time.Duration) {
	t.Helper()
	bytes, cpu, err := proc.Usage(pid)
	if err != nil {
		t.Skipf("no figures for a process: %v", err)
	}
	return float64(bytes) / (1 << 20), cpu
}

// ordinary returns a batch of n messages as IMS and EventBridge send them, each with a media ID of its own.
func ordinary(n int) []byte {
	id := sample.NewID()
	var kinds [][]byte
	for _, status := range []events.Status{events.Success, events.Fail} {
		kinds = append(kinds, sample.MNSQueue(sample.Event{Producer: events.IMS, Status: status, MediaID: id}.JSON(), time.Now()))
	}
	batch := make([][]byte, n)
	for i := range batch {
		batch[i] = bytes.ReplaceAll(kinds[i%2], []byte(id), fmt.Appendf(nil, "%032x", i))
	}
	return slices.Concat([]byte("["), bytes.Join(batch, []byte(",")), []byte("]"))
}

// members returns event with so many members more that it is as large as can be.
func members(event []byte) []byte {
	b := make([]byte, 0, largest)
	b = append(b, event[:len(event)-1]...)
	for i := 0; len(b) < largest-32; i++ {
		b = fmt.Appendf(b, `,"m%d":0`, i)
	}
	return append(b, '}')
}

// TestMemory measures the peak memory of a new instance with one delivery. The go1 instance of s.yaml
// has 128 MB: a batch of 10,000 messages fits, and so does every payload that an unauthenticated sender can send. The largest
// payloads of the account's own need more; how much is in docs/operations.md.
//
//	go test -count=1 -v -run TestMemory -parallel 1 ./cmd/function
func TestMemory(t *testing.T) {
	t.Parallel()
	target, err := url.Parse(callbackURL)
	if err != nil {
		t.Fatal(err)
	}
	unsigned := func(body []byte) []byte {
		return sample.HTTP(http.MethodPost, target, http.Header{}, body, time.Now())
	}
	text := bytes.Repeat([]byte("a"), largest-256)
	event := sample.Event{}.JSON()
	for _, tt := range []struct {
		name    string
		oss     bool
		payload []byte
		says    string
		limit   float64 // MiB
	}{
		{"10,000 messages to the log", false, ordinary(10_000), `"recorded":10000`, 128},
		{"10,000 messages to OSS", true, ordinary(10_000), `"recorded":10000`, 128},
		{"32 MB of messages", false, ordinary(largest / 1128), `"rejected":0`, 160},
		{"32 MB, unsigned", false, unsigned(text), `"statusCode":413`, 140},
		{"32 MB, unsigned, in Base64", false, unsigned(append([]byte{0xff}, text[:largest/4*3-128]...)), `"statusCode":413`, 140},
		{"32 MB, one event", false, slices.Concat(event[:len(event)-1], []byte(`,"Extend":"`), text, []byte(`"}`)), `"rejected":1`, 256},
		{"32 MB of members", false, members(event), `"rejected":1`, 256},
		{"16 million elements", false, slices.Concat([]byte(`[0`), bytes.Repeat([]byte(`,0`), largest/2-2), []byte(`]`)), `"rejected":1`, 256},
		{"32 MB of no form", false, text, `"rejected":1`, 256},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			opts := fclocal.Options{Function: function, Log: io.Discard, Timeout: 5 * time.Minute, Env: []string{"RECORD_TIMEOUT=4m", "VOD_CALLBACK_KEYS=k"}}
			var server *osstest.Server
			if tt.oss {
				c := osstest.Credentials{AccessKeyID: "LTAI1", AccessKeySecret: "secret1"}
				var env []string
				server, env = ossEnv(t, c)
				opts.Env = append(opts.Env, env...)
				opts.Context = fclocal.Context{AccessKeyID: c.AccessKeyID, AccessKeySecret: c.AccessKeySecret}
			}
			rt, err := fclocal.Start(opts)
			if err != nil {
				t.Fatal(err)
			}
			defer rt.Close()
			resp := invoke(t, rt, tt.payload)
			if resp.Failed || !strings.Contains(string(resp.Payload), tt.says) {
				t.Fatalf("answer %.200s, want %s", resp.Payload, tt.says)
			}
			peak, cpu := usage(t, rt.PID())
			t.Logf("%-28s %8d bytes: peak %4.0f MiB, CPU %v", tt.name, len(tt.payload), peak, cpu)
			if peak > tt.limit {
				t.Errorf("peak %.0f MiB, want at most %.0f", peak, tt.limit)
			}
			if server == nil {
				return
			}
			// How much of a batch is worked on at a time does not depend on how much there is.
			stats := server.Stats()
			if stats.Requests != 10_000 || stats.Connections > 512 || stats.Doubled != 0 {
				t.Errorf("%d requests over %d connections, %d objects stored twice; want 10,000 over 512 at most, none", stats.Requests, stats.Connections, stats.Doubled)
			}
		})
	}
}

// TestLogDoesNotHoldUpAnswers has the function write more than 1 MB of log a second, and looks at how
// long its answers take.
func TestLogDoesNotHoldUpAnswers(t *testing.T) {
	t.Parallel()
	rt, log := start(t, fclocal.Options{}, "RECORD_TO=log:")
	event := sample.Event{}.JSON()
	event = slices.Concat(event[:len(event)-1], []byte(`,"Extend":"`), bytes.Repeat([]byte("x"), 10_000), []byte(`"}`))
	var durations []time.Duration
	begin := time.Now()
	for range 200 {
		resp, err := rt.Invoke(context.WithoutCancel(t.Context()), event)
		if err != nil || resp.Failed {
			t.Fatalf("answer %s, %v", resp.Payload, err)
		}
		durations = append(durations, resp.Duration)
	}
	elapsed := time.Since(begin)
	slices.Sort(durations)
	bytesLogged := len(log.String())
	rate := float64(bytesLogged) / 1e6 / elapsed.Seconds()
	t.Logf("%.1f MB of log in %v, %.1f MB/s; answers: median %v, 99th percentile %v, longest %v",
		float64(bytesLogged)/1e6, elapsed.Round(time.Millisecond), rate, durations[100], durations[198], durations[199])
	if rate < 1 || durations[198] > time.Second {
		t.Errorf("%.2f MB/s, 99th percentile %v", rate, durations[198])
	}
}

// TestOutage has a batch of 10,000 messages arrive while OSS answers nothing: the invocation fails soon
// after RECORD_TIMEOUT, and by then the log has every one of them.
func TestOutage(t *testing.T) {
	t.Parallel()
	c := osstest.Credentials{AccessKeyID: "LTAI1", AccessKeySecret: "secret1"}
	server, env := ossEnv(t, c)
	server.SetFault(func(osstest.Request) osstest.Fault { return osstest.Fault{Break: osstest.Hang} })
	rt, log := start(t, fclocal.Options{
		Timeout: time.Minute, Context: fclocal.Context{AccessKeyID: c.AccessKeyID, AccessKeySecret: c.AccessKeySecret},
	}, append(env, "RECORD_TIMEOUT=1s")...)
	resp := invoke(t, rt, ordinary(10_000))
	peak, cpu := usage(t, rt.PID())
	if err := rt.Close(); err != nil { // then all of the log is there
		t.Error(err)
	}
	t.Logf("answered after %v with %.1f MB of log, peak %.0f MiB, CPU %v", resp.Duration.Round(time.Millisecond), float64(len(log.String()))/1e6, peak, cpu)
	lines := strings.Count(log.String(), `"msg":"unrecorded"`)
	if !resp.Failed || lines != 10_000 || peak > 128 || resp.Duration > 20*time.Second {
		t.Errorf("failed %v, %d unrecorded lines, peak %.0f MiB, after %v", resp.Failed, lines, peak, resp.Duration)
	}
}
