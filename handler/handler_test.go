package handler_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aliyun/fc-runtime-go-sdk/fccontext"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/vod-callback/recorder/handler"
	"github.com/vod-callback/recorder/internal/callback"
	"github.com/vod-callback/recorder/internal/config"
	"github.com/vod-callback/recorder/internal/funclog"
	"github.com/vod-callback/recorder/internal/record"
	"github.com/vod-callback/recorder/internal/test/eventtest"
)

var update = flag.Bool("update", false, "rewrite what the deliveries in testdata come to")

// now is a minute after the published signature sample.
func now() time.Time { return time.Unix(1519375990+60, 0) }

// newHandler returns a handler that is configured like the function, with the environment env.
func newHandler(t testing.TB, env map[string]string, log *bytes.Buffer) *handler.Handler {
	t.Helper()
	cfg, err := config.FromEnv(func(name string) (string, bool) { v, ok := env[name]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	return &handler.Handler{
		Recorder:     record.Open(cfg.RecordTo, func(string) string { return "" }),
		Log:          funclog.New(log, cfg.LogLevel, now),
		Events:       cfg.RecordEvents,
		Timeout:      cfg.RecordTimeout,
		Authenticate: cfg.CallbackAuth,
		Verifier:     callback.Verifier{Keys: cfg.CallbackKeys, MaxAge: cfg.CallbackMax},
		CallbackURLs: cfg.CallbackURLs,
		Now:          now,
	}
}

// invocationContext is what the runtime passes.
func invocationContext(ctx context.Context) context.Context {
	return fccontext.NewContext(ctx, &fccontext.FcContext{RequestID: "req-1", Region: "cn-shanghai", AccountId: "1234567890123456"})
}

// TestDeliveries plays the deliveries in testdata. Each file has the function's environment in its
// comment, one NAME=VALUE a line ($STORE is an empty directory), a payload or several of them, and what
// they come to: the answers, the files in $STORE, and the log.
func TestDeliveries(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/deliveries/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no deliveries: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			want, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, want)
			if *update {
				if err := os.WriteFile(file, txtar.Format(got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if g, w := string(txtar.Format(got)), string(txtar.Format(want)); g != w {
				t.Errorf("got\n%s\nwant\n%s", g, w)
			}
		})
	}
}

func play(t *testing.T, script *txtar.Archive) *txtar.Archive {
	store := t.TempDir()
	env := map[string]string{"RECORD_TIMEOUT": "1m"} // a busy machine changes nothing
	for line := range strings.Lines(string(script.Comment)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(line, "#") {
			env[name] = strings.ReplaceAll(value, "$STORE", filepath.ToSlash(store))
		}
	}
	var log bytes.Buffer
	h := newHandler(t, env, &log)
	got := &txtar.Archive{Comment: script.Comment}
	var lines []string
	for _, f := range script.Files {
		if f.Name != "payload" {
			continue
		}
		answer, err := h.Invoke(invocationContext(t.Context()), bytes.TrimSuffix(f.Data, []byte("\n")))
		got.Files = append(got.Files, f)
		if err != nil {
			got.Files = append(got.Files, txtar.File{Name: "error", Data: []byte(err.Error() + "\n")})
		} else {
			got.Files = append(got.Files, txtar.File{Name: "answer", Data: append(answer, '\n')})
		}
		// The messages of one delivery are handled side by side.
		lines = slices.Concat(lines, slices.Sorted(strings.Lines(log.String())))
		log.Reset()
	}
	got.Files = append(got.Files, stored(t, store)...)
	text := strings.ReplaceAll(strings.Join(lines, ""), filepath.ToSlash(store), "$STORE")
	got.Files = append(got.Files, txtar.File{Name: "log", Data: []byte(text)})
	return got
}

// stored returns the files below dir by their names.
func stored(t *testing.T, dir string) (files []txtar.File) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		files = append(files, txtar.File{Name: filepath.ToSlash(rel), Data: data})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestSamples hands every published sample to the handler: none is refused, rejected or failed.
func TestSamples(t *testing.T) {
	t.Parallel()
	for name, payload := range eventtest.Samples(t) {
		var log bytes.Buffer
		h := newHandler(t, map[string]string{"VOD_CALLBACK_KEYS": "test123"}, &log)
		answer, err := h.Invoke(invocationContext(t.Context()), payload)
		if err != nil || bytes.Contains(answer, []byte(`\"error\"`)) || strings.Contains(log.String(), `"msg":"rejected"`) ||
			(!strings.Contains(log.String(), `"msg":"outcome"`) && !strings.Contains(log.String(), `"msg":"ignored"`)) {
			t.Errorf("%s: answer %s, %v; log %s", name, answer, err, log.String())
		}
	}
}

// failing is a Recorder that cannot keep anything in time.
type failing struct{}

func (failing) Record(ctx context.Context, _ record.Entry) (record.Result, error) {
	<-ctx.Done()
	return 0, ctx.Err()
}

func TestUnrecorded(t *testing.T) {
	t.Parallel()
	sample := eventtest.Sample(t, "vod-success.json")
	for _, tt := range []struct {
		name, payload string
		status        int // of the HTTP answer; 0: the invocation fails
		lines         int
		says          string
	}{
		{"http", `{"requestContext":{"http":{"method":"POST"}},"body":` + quoted(sample) + `}`, 503, 1, `"outcome":{"schema_version":1`},
		{"http, rejected", `{"requestContext":{"http":{"method":"POST"}},"body":"{}"}`, 503, 1, `"payload":"{}"`},
		{"direct", string(sample), 0, 1, `"outcome":{"schema_version":1`},
		{"batch", `[` + string(sample) + `,5,{"EventType":"X"}]`, 0, 2, `"payload":"5"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			h := newHandler(t, map[string]string{"VOD_CALLBACK_AUTH": "off", "LOG_LEVEL": "error", "RECORD_TIMEOUT": "20ms"}, &log)
			h.Recorder = failing{}
			answer, err := h.Invoke(invocationContext(t.Context()), []byte(tt.payload))
			if tt.status == 0 {
				_, ok := errors.AsType[*handler.UnrecordedError](err)
				if !ok || !strings.HasPrefix(err.Error(), fmt.Sprintf("%d of ", tt.lines)) {
					t.Errorf("Invoke = %s, %v; want %d unrecorded", answer, err, tt.lines)
				}
			} else if got := status(t, answer); err != nil || got != tt.status {
				t.Errorf("Invoke = %s, %v; want status %d", answer, err, tt.status)
			}
			if n := strings.Count(log.String(), `"level":"ERROR","msg":"unrecorded","request_id":"req-1"`); n != tt.lines {
				t.Errorf("%d unrecorded lines, want %d:\n%s", n, tt.lines, log.String())
			}
			for _, part := range []string{tt.says, `"error":"context deadline exceeded"`} {
				if !strings.Contains(log.String(), part) {
					t.Errorf("the log does not say %s:\n%s", part, log.String())
				}
			}
		})
	}
}

func quoted(text []byte) string {
	q, err := json.Marshal(string(text))
	if err != nil {
		panic(err)
	}
	return string(q)
}

func status(t *testing.T, answer []byte) int {
	t.Helper()
	var a struct{ StatusCode int }
	if err := json.Unmarshal(answer, &a); err != nil {
		t.Fatalf("%s: %v", answer, err)
	}
	return a.StatusCode
}

// TestDeadline checks that recording ends at RECORD_TIMEOUT or a quarter of a second before the
// invocation's own deadline, whichever is earlier.
func TestDeadline(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name              string
		timeout, deadline time.Duration // 0: the invocation has none
		want              time.Duration
	}{
		{"timeout", 2 * time.Second, time.Minute, 2 * time.Second},
		{"invocation", 2 * time.Second, time.Second, 750 * time.Millisecond},
		{"no deadline", 3 * time.Second, 0, 3 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			h := newHandler(t, nil, &log)
			seen := &deadlineRecorder{}
			h.Recorder, h.Timeout = seen, tt.timeout
			ctx := invocationContext(t.Context())
			if tt.deadline > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, tt.deadline)
				defer cancel()
			}
			earliest := time.Now()
			if _, err := h.Invoke(ctx, []byte(`5`)); err != nil {
				t.Fatal(err)
			}
			latest := time.Now()
			if end, ok := ctx.Deadline(); ok && tt.want < tt.timeout {
				earliest = end.Add(-tt.deadline)
				latest = earliest
			}
			if seen.deadline.Before(earliest.Add(tt.want)) || seen.deadline.After(latest.Add(tt.want)) {
				t.Errorf("recording ends %v after the start, want %v", seen.deadline.Sub(earliest), tt.want)
			}
		})
	}
}

// deadlineRecorder keeps nothing but the deadline.
type deadlineRecorder struct{ deadline time.Time }

func (r *deadlineRecorder) Record(ctx context.Context, _ record.Entry) (record.Result, error) {
	r.deadline, _ = ctx.Deadline()
	return record.Recorded, nil
}
