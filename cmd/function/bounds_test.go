package main_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/local/fclocal"
	"github.com/vod-callback/recorder/internal/local/sample"
	"github.com/vod-callback/recorder/internal/test/osstest"
)

// largest is the largest payload of a synchronous invocation.
const largest = 32 << 20

// process says what the process pid has used: the peak of its resident memory in MiB, and its CPU time. A
// system that does not say so skips the test.
func process(t *testing.T, pid int) (peak float64, cpu time.Duration) {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Skipf("no figures for a process: %v", err)
	}
	_, after, found := strings.Cut(string(status), "VmHWM:")
	kb, err := strconv.ParseFloat(strings.Fields(after + " -")[0], 64)
	if !found || err != nil {
		t.Skipf("no peak of memory in /proc/PID/status: %v", err)
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Skipf("no figures for a process: %v", err)
	}
	_, after, _ = strings.Cut(string(stat), ") ") // the state, field 3, and what follows
	fields := strings.Fields(after)
	const ticks = 100 // a second: USER_HZ
	for _, field := range fields[11:13] {
		n, err := strconv.Atoi(field)
		if err != nil {
			t.Fatalf("/proc/PID/stat: %q", stat)
		}
		cpu += time.Duration(n) * time.Second / ticks
	}
	return kb / 1024, cpu
}

// ordinary returns a batch of n messages as IMS and EventBridge send them.
func ordinary(n int) []byte {
	messages := make([][]byte, n)
	for i := range messages {
		messages[i] = sample.Event{Producer: events.IMS, Status: []events.Status{events.Success, events.Fail}[i%2]}.JSON()
	}
	return sample.MNSQueueBatch(messages, time.Now())
}

// TestMemory measures the peak memory of a new instance with one delivery. The go1 instance of s.yaml
// has 128 MB: a batch of 10,000 messages fits, and so does whatever a stranger may send. The largest
// payloads of the account's own need more; how much is in docs/operations.md.
//
//	go test -count=1 -v -run TestMemory ./cmd/function
func TestMemory(t *testing.T) {
	target, err := url.Parse(callbackURL)
	if err != nil {
		t.Fatal(err)
	}
	unsigned := func(body []byte) []byte {
		return sample.HTTP(http.MethodPost, target, http.Header{}, body, time.Now())
	}
	text := bytes.Repeat([]byte("a"), largest-256)
	event := sample.Event{}.JSON()
	large := slices.Concat(event[:len(event)-1], []byte(`,"Extend":"`), text, []byte(`"}`))
	members := slices.Concat(event[:len(event)-1], bytes.Repeat([]byte(`,"":0`), largest/5-512), []byte(`}`))
	elements := slices.Concat([]byte(`[`), bytes.Repeat([]byte(`1,`), largest/2-2), []byte(`1]`))
	for _, tt := range []struct {
		name      string
		oss       bool
		payload   func() []byte
		says      string
		limit     float64 // MiB
		otherwise string  // environment
	}{
		{"no message", false, func() []byte { return []byte(`[]`) }, `"recorded":0`, 32, ""},
		{"10,000 messages to the log", false, func() []byte { return ordinary(10_000) }, `"recorded":10000`, 128, ""},
		{"10,000 messages to OSS", true, func() []byte { return ordinary(10_000) }, `"recorded":10000`, 128, ""},
		{"32 MB, unsigned", false, func() []byte { return unsigned(text) }, `"statusCode":413`, 140, ""},
		{"32 MB, unsigned, in Base64", false, func() []byte { return unsigned(append([]byte{0xff}, text[:largest/4*3-128]...)) }, `"statusCode":413`, 140, ""},
		{"32 MB of messages", false, func() []byte { return ordinary(largest / 1100) }, `"rejected":0`, 160, ""},
		{"32 MB of messages, 512 MB", false, func() []byte { return ordinary(largest / 1100) }, `"rejected":0`, 400, "FC_FUNCTION_MEMORY_SIZE=512"},
		{"32 MB, one event", false, func() []byte { return large }, `"rejected":1`, 300, ""},
		{"32 MB of members, one event", false, func() []byte { return members }, `"rejected":1`, 300, ""},
		{"32 MB of elements", false, func() []byte { return elements }, `"rejected":1`, 300, ""},
		{"32 MB of members", false, func() []byte {
			return slices.Concat([]byte(`{"a":{`), bytes.Repeat([]byte(`"":0,`), largest/5-8), []byte(`"":0}}`))
		}, `"rejected":1`, 300, ""},
		{"32 MB of no form", false, func() []byte { return text }, `"rejected":1`, 300, ""},
		{"32 MB of Base64", false, func() []byte {
			return []byte(base64.StdEncoding.EncodeToString(text[:largest/4*3-128]))
		}, `"rejected":1`, 300, ""},
	} {
		t.Run(tt.name, func(t *testing.T) { // one by one: they have memory to share
			opts := fclocal.Options{Function: function, Log: io.Discard, Timeout: 5 * time.Minute, Env: []string{"RECORD_TIMEOUT=4m", "VOD_CALLBACK_KEYS=k"}}
			if tt.otherwise != "" {
				opts.Env = append(opts.Env, tt.otherwise)
			}
			if tt.oss {
				c := osstest.Credentials{AccessKeyID: "LTAI1", AccessKeySecret: "secret1"}
				_, env := ossEnv(t, c)
				opts.Env = append(opts.Env, env...)
				opts.Context = fclocal.Context{AccessKeyID: c.AccessKeyID, AccessKeySecret: c.AccessKeySecret}
			}
			rt, err := fclocal.Start(opts)
			if err != nil {
				t.Fatal(err)
			}
			defer rt.Close()
			payload := tt.payload()
			resp := invoke(t, rt, payload)
			if resp.Failed || !strings.Contains(string(resp.Payload), tt.says) {
				t.Fatalf("answer %.200s, want %s", resp.Payload, tt.says)
			}
			peak, cpu := process(t, rt.PID())
			t.Logf("%-28s %8d bytes: peak %4.0f MiB, CPU %v, answered after %v", tt.name, len(payload), peak, cpu, resp.Duration.Round(time.Millisecond))
			if peak > tt.limit {
				t.Errorf("peak %.0f MiB, want at most %.0f", peak, tt.limit)
			}
		})
	}
}

// TestConnectionsAreBounded has a batch of 10,000 messages recorded: how much of it is worked on at a
// time does not depend on how much there is.
func TestConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	c := osstest.Credentials{AccessKeyID: "LTAI1", AccessKeySecret: "secret1"}
	server, env := ossEnv(t, c)
	var now, most atomic.Int64
	server.SetFault(func(osstest.Request) osstest.Fault {
		for n := now.Add(1); n > most.Load(); {
			most.Store(n)
		}
		defer now.Add(-1)
		return osstest.Fault{}
	})
	rt, _ := start(t, fclocal.Options{
		Timeout: 5 * time.Minute, Context: fclocal.Context{AccessKeyID: c.AccessKeyID, AccessKeySecret: c.AccessKeySecret},
	}, append(env, "RECORD_TIMEOUT=4m")...)
	if resp := invoke(t, rt, ordinary(10_000)); resp.Failed {
		t.Fatalf("answer %s", resp.Payload)
	}
	stats := server.Stats()
	t.Logf("%d requests over %d connections", stats.Requests, stats.Connections)
	if stats.Requests != 10_000 || stats.Connections > 512 || stats.Doubled != 0 {
		t.Errorf("%d requests over %d connections, %d objects stored twice; want 10,000 over 512 at most, none", stats.Requests, stats.Connections, stats.Doubled)
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
	for range 500 {
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
		float64(bytesLogged)/1e6, elapsed.Round(time.Millisecond), rate, durations[250], durations[495], durations[499])
	if rate < 1 || durations[495] > time.Second {
		t.Errorf("%.2f MB/s, 99th percentile %v", rate, durations[495])
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
	peak, cpu := process(t, rt.PID())
	if err := rt.Close(); err != nil { // then all of the log is there
		t.Error(err)
	}
	t.Logf("answered after %v with %.1f MB of log, peak %.0f MiB, CPU %v", resp.Duration.Round(time.Millisecond), float64(len(log.String()))/1e6, peak, cpu)
	lines := strings.Count(log.String(), `"msg":"unrecorded"`)
	if !resp.Failed || lines != 10_000 || peak > 128 || resp.Duration > 20*time.Second {
		t.Errorf("failed %v, %d unrecorded lines, peak %.0f MiB, after %v", resp.Failed, lines, peak, resp.Duration)
	}
}
