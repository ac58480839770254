package check

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
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
	"github.com/vod-callback/recorder/internal/funclog"
	"github.com/vod-callback/recorder/internal/record"
	"github.com/vod-callback/recorder/internal/trigger"
)

// testdata returns the contents of every published sample and sample delivery, by name.
func testdata(t *testing.T) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob("../../../events/testdata/*.json")
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

// TestLogged holds what is said of the log against what the handler logs over all samples, with recorders that
// keep, have kept, and fail.
func TestLogged(t *testing.T) {
	t.Parallel()
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
			_, _ = h.Invoke(context.Background(), []byte(`{"TopicName":"t","MessageId":"m1","Message":"no event"}`))
			_, _ = h.Invoke(context.Background(), []byte("\xff"))
			_, _ = h.Invoke(context.Background(), []byte(`{"headers":{},"requestContext":{"http":{"method":"GET"}}}`))
		}
	}
	logged := map[string][]string{}
	for decoder := json.NewDecoder(&out); ; {
		var line map[string]any
		if err := decoder.Decode(&line); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		msg, _ := line["msg"].(string)
		logged[msg] = flatten(logged[msg], "", line)
	}
	for msg, members := range logged {
		for _, member := range members {
			if !slices.Contains(Logged[msg], member) {
				t.Errorf("the handler logs %s in %s lines, and Logged does not say so", member, msg)
			}
		}
	}
	for msg, members := range Logged {
		if msg == "missing" { // the reconciler's, whose record is the recorder's
			continue
		}
		for _, member := range members {
			// What depends on the invocation is not in a test's context.
			if !slices.Contains(logged[msg], member) && !slices.Contains([]string{"outcome.request_id", "outcome.account_id", "outcome.region"}, member) {
				t.Errorf("Logged says that %s lines have %s, and the handler never logs it", msg, member)
			}
		}
	}
}

// flatten adds the names of m's members to names, each once. What the sender wrote (raw) is no member of ours.
func flatten(names []string, prefix string, m map[string]any) []string {
	for name, v := range m {
		if !slices.Contains(names, prefix+name) {
			names = append(names, prefix+name)
		}
		if inner, ok := v.(map[string]any); ok && name != "raw" {
			names = flatten(names, prefix+name+".", inner)
		}
	}
	return names
}

// fixed is a recorder with one answer.
type fixed struct {
	result record.Result
	err    error
}

func (f fixed) Record(context.Context, record.Entry) (record.Result, error) { return f.result, f.err }

// TestRecorderNeedsOnlyPut lets the recorder write to a server: each of its requests must be one that the role's
// oss:PutObject allows.
func TestRecorderNeedsOnlyPut(t *testing.T) {
	t.Parallel()
	var requests []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("x-oss-request-id", "6502A2C415E3A9B73D2F1C0A")
		if r.Method != http.MethodPut || len(r.URL.Query()) > 0 || r.Header.Get("X-Oss-Copy-Source") != "" || r.Header.Get("X-Oss-Tagging") != "" {
			t.Errorf("%s %s needs more than oss:PutObject", r.Method, r.URL)
		}
		requests = append(requests, r.URL.Path)
	}))
	defer server.Close()
	target, err := record.ParseTarget("oss://bucket/outcomes?region=cn-shanghai&endpoint=" + server.URL)
	if err != nil {
		t.Fatal(err)
	}
	recorder := record.Open(target, func(string) string { return "a credential" })
	if _, err := recorder.Record(t.Context(), record.Entry{Key: "a/b.json", Body: []byte("{}\n")}); err != nil {
		t.Fatal(err)
	}
	if len(requests) != 1 {
		t.Errorf("the recorder made the requests %q", requests)
	}
}

// TestSamplesOfTriggers finds a sample of each form of delivery that the triggers of the service files make.
func TestSamplesOfTriggers(t *testing.T) {
	t.Parallel()
	want := map[string]trigger.Kind{
		"http": trigger.HTTP, "mns_topic JSON": trigger.MNSTopic, "eventbridge CloudEvents": trigger.MNSQueue,
	}
	found := map[string]bool{}
	for name, payload := range testdata(t) {
		form := formOf(payload)
		if form == "" {
			continue
		}
		found[form] = true
		delivery := trigger.Read(payload)
		kind := trigger.HTTP
		if delivery.Request == nil {
			kind = delivery.Messages[0].Trigger
		}
		if kind != want[form] {
			t.Errorf("events/testdata/%s is a delivery of the form %s, and is read as %s", name, form, kind)
		}
	}
	for form := range want {
		if !found[form] {
			t.Errorf("events/testdata has no delivery of the form %s", form)
		}
	}
}

// formOf returns the form of a sample, by the platform's member names, or "" if no trigger of the service files makes it.
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
		return "http"
	case has("TopicName", "Message"):
		return "mns_topic JSON"
	case isBatch && has("specversion", "data"):
		return "eventbridge CloudEvents"
	}
	return ""
}
