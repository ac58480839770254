package handler_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vod-callback/recorder/handler"
	"github.com/vod-callback/recorder/internal/record"
	"github.com/vod-callback/recorder/internal/test/eventtest"
)

// panicText is the text of a panic. It must not be visible anywhere.
const panicText = "LTAIsecretOfThePanic"

// A panicking recorder panics over what holds word, and keeps the rest in memory.
type panicking struct {
	word string
	lockedKeys
}

func (r *panicking) Record(_ context.Context, e record.Entry) (record.Result, error) {
	if bytes.Contains(e.Body, []byte(r.word)) {
		panic(panicText)
	}
	r.add(e.Key)
	return record.Recorded, nil
}

func TestPanicWhileRecording(t *testing.T) {
	t.Parallel()
	event := bytes.TrimSpace(eventtest.Sample(t, "vod-success.json"))
	poison := bytes.Replace(event, []byte(`"EventType"`), []byte(`"Note":"poison","EventType"`), 1)
	for _, tt := range []struct {
		name, payload string
		status        int // of the HTTP answer; 0: the invocation fails
		recorded      int
		says          string
	}{
		{"http", `{"requestContext":{"http":{"method":"POST"}},"body":` + quoted(poison) + `}`, 503, 0, `"payload":`},
		{"http, rejected", `{"requestContext":{"http":{"method":"POST"}},"body":"poison"}`, 503, 0, `"payload":"poison"`},
		{"direct", string(poison), 0, 0, `"payload":`},
		{"batch", `[` + string(event) + `,` + string(poison) + `,{"EventType":"X"},7]`, 0, 2, `"payload":`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			h := newHandler(t, map[string]string{"VOD_CALLBACK_AUTH": "off", "LOG_LEVEL": "error"}, &log)
			recorder := &panicking{word: "poison"}
			h.Recorder = recorder
			answer, err := h.Invoke(invocationContext(t.Context()), []byte(tt.payload))
			if tt.status == 0 {
				if _, ok := errors.AsType[*handler.UnrecordedError](err); !ok || !strings.HasPrefix(err.Error(), "1 of ") {
					t.Errorf("Invoke = %s, %v; want 1 unrecorded", answer, err)
				}
			} else if got := status(t, answer); err != nil || got != tt.status {
				t.Errorf("Invoke = %s, %v; want status %d", answer, err, tt.status)
			}
			if len(recorder.keys) != tt.recorded {
				t.Errorf("recorded %q, want %d of them", recorder.keys, tt.recorded)
			}
			for _, part := range []string{`"msg":"unrecorded"`, tt.says, `poison`, `"error":"panic: a value of type string"`} {
				if strings.Count(log.String(), part) < 1 {
					t.Errorf("the log does not say %s:\n%s", part, log.String())
				}
			}
			if strings.Contains(log.String()+string(answer), panicText) {
				t.Errorf("the panic's text is in the log or the answer:\n%s\n%s", log.String(), answer)
			}
			// The handler continues to work.
			if answer, err := h.Invoke(invocationContext(t.Context()), event); err != nil || !bytes.Contains(answer, []byte(`"recorded":1`)) {
				t.Errorf("the next one: %s, %v", answer, err)
			}
		})
	}
}

// TestPanicElsewhere has the clock panic: before anything is read, and while a callback is authenticated.
func TestPanicElsewhere(t *testing.T) {
	t.Parallel()
	const callback = `{"requestContext":{"http":{"method":"POST"},"domainName":"x"},"rawPath":"/",` +
		`"headers":{"X-Vod-Timestamp":"1519375990","X-Vod-Signature":"00000000000000000000000000000000"},"body":"secretly"}`
	for _, tt := range []struct {
		name, payload string
		good          int // how many times the clock works
	}{
		{"direct", `{"EventType":"X"}`, 0},
		{"http", callback, 0},
		{"http, authenticating", callback, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			h := newHandler(t, map[string]string{"VOD_CALLBACK_KEYS": "test123"}, &log)
			left := tt.good
			h.Now = func() time.Time {
				if left--; left < 0 && left > -2 {
					panic(errors.New(panicText))
				}
				return now()
			}
			answer, err := h.Invoke(invocationContext(t.Context()), []byte(tt.payload))
			if _, ok := errors.AsType[*handler.UnrecordedError](err); !ok {
				t.Errorf("Invoke = %s, %v; want an UnrecordedError", answer, err)
			}
			if !strings.Contains(log.String(), `"level":"ERROR","msg":"refused"`) || strings.Contains(log.String(), panicText) || strings.Contains(log.String(), "secretly") {
				t.Errorf("log %s; want a line about the panic, without its text or the body", log.String())
			}
		})
	}
}

// lockedKeys collects the keys of what was recorded.
type lockedKeys struct {
	mu   sync.Mutex
	keys []string
}

func (k *lockedKeys) add(key string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys = append(k.keys, key)
}
