package main_test

import (
	"bytes"
	"context"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/callback"
	"github.com/vod-callback/recorder/internal/local/fclocal"
	"github.com/vod-callback/recorder/internal/local/sample"
	"github.com/vod-callback/recorder/internal/test/eventtest"
	"github.com/vod-callback/recorder/internal/test/osstest"
	"github.com/vod-callback/recorder/internal/test/proc"
)

// function is the path of the built function.
var function string

func TestMain(m *testing.M) { os.Exit(proc.BuildAndRun(m, &function)) }

// A lockedBuffer collects the function's log while tests read it.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// start runs the function with env, and with so much time that a busy machine changes nothing.
func start(t *testing.T, opts fclocal.Options, env ...string) (*fclocal.Runtime, *lockedBuffer) {
	t.Helper()
	log := &lockedBuffer{}
	opts.Function, opts.Log, opts.Env = function, log, append([]string{"RECORD_TIMEOUT=1m"}, env...)
	opts.Timeout = 2 * time.Minute
	rt, err := fclocal.Start(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rt.Close() })
	return rt, log
}

func invoke(t *testing.T, rt *fclocal.Runtime, payload []byte) fclocal.Response {
	t.Helper()
	resp, err := rt.Invoke(t.Context(), payload)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// webStatus returns the status and body of an answer to the HTTP trigger.
func webStatus(t *testing.T, resp fclocal.Response) (int, string) {
	t.Helper()
	var a struct {
		StatusCode int
		Body       string
	}
	if err := json.Unmarshal(resp.Payload, &a); err != nil || resp.Failed {
		t.Fatalf("answer %s, failed %v: %v", resp.Payload, resp.Failed, err)
	}
	return a.StatusCode, a.Body
}

const callbackURL = "https://www.example.com/your/callback"

// signed returns the HTTP trigger event of a signed callback.
func signed(t *testing.T, body []byte, key callback.Key) []byte {
	t.Helper()
	target, err := url.Parse(callbackURL)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	return sample.HTTP(http.MethodPost, target, callback.VOD.SignNow(callbackURL, key, now), body, now)
}

func TestSamplesThroughTheRuntime(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rt, log := start(t, fclocal.Options{}, "RECORD_TO=file://"+dir, "VOD_CALLBACK_KEYS=test123", "VOD_CALLBACK_MAX_AGE=0")
	for name, payload := range eventtest.Samples(t) {
		if resp := invoke(t, rt, payload); resp.Failed {
			t.Errorf("%s: %s", name, resp.Payload)
		}
	}
	for _, bad := range []string{`"msg":"refused"`, `"msg":"rejected"`, `"msg":"unrecorded"`} {
		if strings.Contains(log.String(), bad) {
			t.Errorf("the log has %s:\n%s", bad, log.String())
		}
	}
	// Four events have been published, through different triggers. There must be four records.
	records, err := filepath.Glob(filepath.Join(dir, "ProduceMediaComplete", "dt=*", "*", "*.json"))
	if err != nil || len(records) != 4 {
		t.Errorf("records %q, %v; want 4", records, err)
	}
}

func TestConfigurationErrorsEndTheProcess(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(function)
	cmd.Env = []string{"FC_RUNTIME_API=127.0.0.1:1", "RECORD_TO=ftp://x", "VOD_CALLBACK_KEYS=,", "LOG_LEVEL=loud"}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok || exit.ExitCode() != 1 || stdout.Len() > 0 {
		t.Errorf("exit %v, standard output %q; want status 1 and nothing", err, stdout.String())
	}
	want := `RECORD_TO="ftp://x": unknown scheme "ftp"; want log:, oss://BUCKET[/PREFIX][?endpoint=URL&region=ID] or file:///DIR
VOD_CALLBACK_KEYS=[redacted]: the list has no entry; want one or more callback keys, separated by commas
LOG_LEVEL="loud": want debug, info, warn or error
`
	if stderr.String() != want {
		t.Errorf("standard error\n%swant\n%s", stderr.String(), want)
	}
}

// ossEnv starts an OSS server and returns it with the environment of a function that records to it.
func ossEnv(t *testing.T, c osstest.Credentials) (*osstest.Server, []string) {
	t.Helper()
	server, err := osstest.Start(osstest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	server.AddBucket("outcomes", osstest.BucketOptions{})
	server.SetCredentials(c)
	return server, []string{
		"RECORD_TO=oss://outcomes/edits?region=" + server.Region() + "&endpoint=" + server.URL(), "VOD_CALLBACK_KEYS=S3cretKey",
	}
}

func TestOSSThroughTheRuntime(t *testing.T) {
	t.Parallel()
	old := osstest.Credentials{AccessKeyID: "STS.old1", AccessKeySecret: "oldsecret1", SecurityToken: "oldtoken1"}
	server, env := ossEnv(t, old)
	ctx := fclocal.Context{AccessKeyID: old.AccessKeyID, AccessKeySecret: old.AccessKeySecret, SecurityToken: old.SecurityToken}
	rt, log := start(t, fclocal.Options{Context: ctx}, env...)
	event := sample.Event{Status: events.Fail}.JSON()
	for i, want := range []string{"recorded", "duplicate"} {
		if status, body := webStatus(t, invoke(t, rt, signed(t, event, "S3cretKey"))); status != 200 || !strings.Contains(body, want) {
			t.Errorf("delivery %d: %d %s, want %s", i, status, body, want)
		}
	}
	if stats := server.Stats(); stats.Requests != 2 || stats.Connections != 1 || stats.Objects != 1 {
		t.Errorf("requests %d over %d connections, %d objects; want 2, 1, 1", stats.Requests, stats.Connections, stats.Objects)
	}

	// The role's credentials change while the instance lives: what matters is what the invocation brings.
	server.ExpireCredentials(old.AccessKeyID)
	unrecorded := sample.Event{}.JSON()
	if status, _ := webStatus(t, invoke(t, rt, signed(t, unrecorded, "S3cretKey"))); status != 503 {
		t.Errorf("with an expired token: status %d, want 503", status)
	}
	next := osstest.Credentials{AccessKeyID: "STS.next2", AccessKeySecret: "nextsecret2", SecurityToken: "nexttoken2"}
	server.AddCredentials(next)
	rt.SetContext(fclocal.Context{AccessKeyID: next.AccessKeyID, AccessKeySecret: next.AccessKeySecret, SecurityToken: next.SecurityToken})
	if status, _ := webStatus(t, invoke(t, rt, signed(t, unrecorded, "S3cretKey"))); status != 200 {
		t.Errorf("with the next token: status %d, want 200", status)
	}
	if n := strings.Count(log.String(), `"msg":"unrecorded"`); n != 1 || !strings.Contains(log.String(), "403 SecurityTokenExpired") {
		t.Errorf("%d unrecorded lines:\n%s", n, log.String())
	}
	for _, secret := range []string{
		"S3cretKey", old.AccessKeyID, old.AccessKeySecret, old.SecurityToken, next.AccessKeyID, next.AccessKeySecret, next.SecurityToken,
	} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log shows %s", secret)
		}
		for key, body := range server.Objects("outcomes") {
			if bytes.Contains(body, []byte(secret)) {
				t.Errorf("%s shows %s", key, secret)
			}
		}
	}
}

func TestFailedBatchIsMendedByTheRetry(t *testing.T) {
	t.Parallel()
	c := osstest.Credentials{AccessKeyID: "LTAI1", AccessKeySecret: "secret1"}
	server, env := ossEnv(t, c)
	rt, _ := start(t, fclocal.Options{Context: fclocal.Context{AccessKeyID: c.AccessKeyID, AccessKeySecret: c.AccessKeySecret}}, env...)
	messages := make([][]byte, 300) // more than are worked on at a time
	for i := range messages {
		messages[i] = sample.Event{MediaID: fmt.Sprintf("medium-%03d", i)}.JSON()
	}
	batch := sample.MNSQueueBatch(messages, time.Now())
	server.SetFault(func(r osstest.Request) osstest.Fault {
		if strings.Contains(r.Key, "medium-007") || strings.Contains(r.Key, "medium-123") {
			return osstest.Fault{Status: 403, Code: "AccessDenied"}
		}
		return osstest.Fault{}
	})
	resp := invoke(t, rt, batch)
	if !resp.Failed || resp.ErrorType != "HandledInvocationError" || !bytes.Contains(resp.Payload, []byte("2 of 300 messages")) ||
		!bytes.Contains(resp.Payload, []byte("UnrecordedError")) {
		t.Errorf("answer %s, failed %v %s; want 2 of 300 unrecorded", resp.Payload, resp.Failed, resp.ErrorType)
	}
	server.SetFault(nil)
	resp = invoke(t, rt, batch)
	if want := `{"recorded":2,"duplicate":298,"ignored":0,"rejected":0}`; resp.Failed || string(resp.Payload) != want {
		t.Errorf("the retry: %s, want %s", resp.Payload, want)
	}
	if stats := server.Stats(); stats.Objects != 300 || stats.Doubled != 0 {
		t.Errorf("%d objects, %d stored twice; want 300, 0", stats.Objects, stats.Doubled)
	}
}

// TestAtOnce has one event delivered many times at once to an instance that takes several invocations.
func TestAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rt, _ := start(t, fclocal.Options{Concurrency: 16}, "RECORD_TO=file://"+dir)
	event := sample.Event{}.JSON()
	var mu sync.Mutex
	answers := map[string]int{}
	var group sync.WaitGroup
	for range 64 {
		group.Go(func() {
			resp, err := rt.Invoke(context.WithoutCancel(t.Context()), event)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			answers[string(resp.Payload)]++
		})
	}
	group.Wait()
	if answers[`{"recorded":1,"duplicate":0,"ignored":0,"rejected":0}`] != 1 || answers[`{"recorded":0,"duplicate":1,"ignored":0,"rejected":0}`] != 63 {
		t.Errorf("answers %v, want one that recorded and 63 duplicates", answers)
	}
}

func TestFunctionIsStaticAndLean(t *testing.T) {
	t.Parallel()
	f, err := elf.Open(function)
	if err != nil {
		t.Skipf("no ELF executable on this kind of machine: %v", err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			t.Error("the function needs a dynamic linker")
		}
	}
	deps, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, unwanted := range []string{"spf13", "internal/local/fclocal", "internal/local/sample", "internal/test/osstest", "testing", "text/template"} {
		if strings.Contains(string(deps), unwanted) {
			t.Errorf("the function links %s", unwanted)
		}
	}
}

// BenchmarkFirstAnswer measures the time from the start of the process to its first answer.
func BenchmarkFirstAnswer(b *testing.B) {
	payload := eventtest.Sample(b, "vod-success.json")
	for b.Loop() {
		rt, err := fclocal.Start(fclocal.Options{Function: function, Log: io.Discard})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := rt.Invoke(b.Context(), payload); err != nil {
			b.Fatal(err)
		}
		_ = rt.Close()
	}
}
