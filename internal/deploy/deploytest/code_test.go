package deploytest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/handler"
	"github.com/vod-callback/recorder/internal/config"
	"github.com/vod-callback/recorder/internal/funclog"
	"github.com/vod-callback/recorder/internal/record"
	"github.com/vod-callback/recorder/internal/trigger"
)

// A code is what the function really does, as far as the files must agree with it.
type code struct {
	defaults map[string]string          // of each environment variable that it reads
	log      map[string]map[string]bool // the members of each log message, with dots between levels
	actions  []string                   // that its role must allow, for what it calls itself
	samples  map[string]string          // a sample of each form of delivery
}

func readCode(t *testing.T) code {
	t.Helper()
	c := code{defaults: map[string]string{}, log: logMembers(t), actions: ossActions(t), samples: sampleForms(t)}
	for _, v := range config.Variables() {
		c.defaults[v.Name] = v.Default
	}
	return c
}

// testdata returns the contents of every published sample and sample delivery, by name.
func testdata(t *testing.T) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("..", "..", "..", "events", "testdata", "*.json"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no samples: %v", err)
	}
	contents := map[string][]byte{}
	for _, name := range names {
		if contents[filepath.Base(name)], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	return contents
}

// logMembers runs the handler over all samples, with recorders that keep, have kept, and fail, and returns
// what it logs.
func logMembers(t *testing.T) map[string]map[string]bool {
	t.Helper()
	var out bytes.Buffer
	log := funclog.New(&out, slog.LevelDebug, time.Now)
	recorders := []record.Recorder{nil, fixed{result: record.Recorded}, fixed{result: record.Duplicate}, fixed{err: errors.New("kept nowhere")}}
	for _, recorder := range recorders {
		for _, authenticate := range []bool{false, true} {
			h := handler.Handler{Recorder: recorder, Log: log, Events: events.Selection{events.TypeProduceMediaComplete}, Timeout: time.Second, Authenticate: authenticate, Now: time.Now}
			for _, payload := range testdata(t) {
				_, _ = h.Invoke(context.Background(), payload) // a recorder that fails fails the invocation
			}
			_, _ = h.Invoke(context.Background(), []byte(`{"EventType":"ProduceMediaComplete"}`))
			_, _ = h.Invoke(context.Background(), []byte(`{"headers":{},"requestContext":{"http":{"method":"GET"}}}`))
		}
	}
	logged := map[string]map[string]bool{}
	decoder := json.NewDecoder(&out)
	for {
		var line map[string]any
		if err := decoder.Decode(&line); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		msg, _ := line["msg"].(string)
		if logged[msg] == nil {
			logged[msg] = map[string]bool{}
		}
		flatten("", line, logged[msg])
	}
	for _, msg := range []string{funclog.Outcome, funclog.Recorded, funclog.Duplicate, funclog.Ignored, funclog.Refused, funclog.Rejected, funclog.Unrecorded} {
		if logged[msg] == nil {
			t.Fatalf("no sample makes the function log %q", msg)
		}
	}
	return logged
}

// flatten adds the names of m's members to names. What the sender wrote (raw) is no member of ours.
func flatten(prefix string, m map[string]any, names map[string]bool) {
	for name, v := range m {
		names[prefix+name] = true
		if inner, ok := v.(map[string]any); ok && name != "raw" {
			flatten(prefix+name+".", inner, names)
		}
	}
}

// fixed is a recorder with one answer.
type fixed struct {
	result record.Result
	err    error
}

func (f fixed) Record(context.Context, record.Entry) (record.Result, error) { return f.result, f.err }

// ossActions lets the recorder write to a server and returns the RAM actions that its requests need.
func ossActions(t *testing.T) []string {
	t.Helper()
	actions := map[string]bool{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("x-oss-request-id", "6502A2C415E3A9B73D2F1C0A")
		query := r.URL.Query()
		switch {
		case r.Method == http.MethodPut && len(query) == 0 && r.Header.Get("X-Oss-Copy-Source") == "" && r.Header.Get("X-Oss-Tagging") == "":
			actions["oss:PutObject"] = true
		default:
			actions[r.Method+" "+r.URL.String()] = true // whatever it needs, the role does not allow it
		}
	}))
	defer server.Close()
	target, err := record.ParseTarget("oss://bucket/outcomes?region=" + region + "&endpoint=" + server.URL)
	if err != nil {
		t.Fatal(err)
	}
	recorder := record.Open(target, func(string) string { return "a credential" })
	if _, err := recorder.Record(t.Context(), record.Entry{Key: "a/b.json", Body: []byte("{}\n")}); err != nil {
		t.Fatal(err)
	}
	return slices.Sorted(maps.Keys(actions))
}

// The forms of delivery that a trigger's configuration chooses.
const (
	formHTTP        = "http"
	formTopicJSON   = "mns_topic JSON"
	formTopicStream = "mns_topic STREAM"
	formCloudEvents = "eventbridge CloudEvents"
	formRawData     = "eventbridge RawData"
)

// sampleForms finds a sample of each form of delivery, and sees to it that the function reads them so.
func sampleForms(t *testing.T) map[string]string {
	t.Helper()
	kinds := map[string]trigger.Kind{formHTTP: trigger.HTTP, formTopicJSON: trigger.MNSTopic, formTopicStream: trigger.MNSTopic, formCloudEvents: trigger.MNSQueue, formRawData: trigger.MNSQueue}
	samples := map[string]string{}
	for name, payload := range testdata(t) {
		form := formOf(payload)
		if form == "" {
			continue
		}
		delivery := trigger.Read(payload)
		kind := trigger.HTTP
		if delivery.Request == nil {
			kind = delivery.Messages[0].Trigger
		}
		if kind != kinds[form] {
			t.Errorf("events/testdata/%s is a delivery of the form %s, but is read as %s", name, form, kind)
		}
		samples[form] = name
	}
	return samples
}

// formOf tells the form of a sample from the platform's own member names; "" is no trigger's delivery.
func formOf(payload []byte) string {
	var v any
	if json.Unmarshal(payload, &v) != nil {
		return ""
	}
	batch, isBatch := v.([]any)
	if isBatch && len(batch) > 0 {
		v = batch[0]
	}
	if s, ok := v.(string); ok {
		_ = json.NewDecoder(strings.NewReader(s)).Decode(&v)
	}
	m, _ := v.(map[string]any)
	has := func(names ...string) bool {
		return !slices.ContainsFunc(names, func(name string) bool { _, ok := m[name]; return !ok })
	}
	switch {
	case has("version", "rawPath", "requestContext"):
		return formHTTP
	case has("TopicName", "Message"):
		return formTopicJSON
	case has("body", "attrs"):
		return formTopicStream
	case isBatch && has("specversion", "data"):
		return formCloudEvents
	case isBatch && has("messageBody"):
		return formRawData
	}
	return ""
}
