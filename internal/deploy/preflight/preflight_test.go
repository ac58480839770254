package preflight

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vod-callback/recorder/internal/local/sample"
)

const (
	key    = "Sample0Key"
	bucket = "vod-callback-recorder-1234567890123456-cn-shanghai"
)

// good is a function that would work, but for what env says.
func good(env map[string]string) Function {
	return Function{
		Account: "1234567890123456", Region: "cn-shanghai", Name: "vod-callback-recorder", Timeout: 10 * time.Second,
		Env:    func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		Bucket: bucket, Prefix: "outcomes", RecordEvents: "ProduceMediaComplete", Now: true, Web: cannedOSS(""),
	}
}

func TestRecorder(t *testing.T) {
	t.Parallel()
	const noBucket = "HTTP/1.1 404\n<Error><Code>NoSuchBucket</Code></Error>"
	tests := []struct {
		name   string
		env    map[string]string
		change func(*Function)
		want   string // a problem that begins so, or a note that begins with "note: "; "" for no problem
	}{
		{name: "good", env: map[string]string{"VOD_CALLBACK_KEYS": key, "RECORD_TO": "oss://" + bucket + "/outcomes?region=cn-shanghai"}},
		{name: "recorded to the log", env: map[string]string{"VOD_CALLBACK_KEYS": key}, want: "note: RECORD_TO=log: keeps outcomes in the function's log only; for objects, RECORD_TO=oss://" + bucket},
		{name: "no key, deploying", want: "VOD_CALLBACK_KEYS is not set"},
		{name: "no key, validating", change: func(f *Function) { f.Now = false }, want: "note: VOD_CALLBACK_KEYS is not set"},
		{name: "empty list of keys", env: map[string]string{"VOD_CALLBACK_KEYS": " , "}, want: "VOD_CALLBACK_KEYS="},
		{name: "no key needed", env: map[string]string{"VOD_CALLBACK_AUTH": "off"}, want: "note: VOD_CALLBACK_AUTH=off: anybody who knows the URL"},
		{name: "key that VOD does not take", env: map[string]string{"VOD_CALLBACK_KEYS": key + ",test123"}, want: "note: key 2 of VOD_CALLBACK_KEYS"},
		{name: "no account", change: func(f *Function) { f.Account = "" }, want: "no account ID"},
		{name: "account is a name", change: func(f *Function) { f.Account = "my-account" }, want: `the account ID "my-account" is not a number`},
		{name: "region is a city", change: func(f *Function) { f.Region = "Shanghai" }, want: `REGION="Shanghai"`},
		{name: "name in capitals", change: func(f *Function) { f.Name = "Recorder" }, want: `FUNCTION_NAME="Recorder"`},
		{name: "name too long", change: func(f *Function) { f.Name = strings.Repeat("n", 29) }, want: "FUNCTION_NAME="},
		{name: "bucket of the stack malformed", change: func(f *Function) { f.Bucket = "Bucket_" }, want: `the bucket name "Bucket_"`},
		{name: "bucket of RECORD_TO malformed", env: map[string]string{"RECORD_TO": "oss://My_Bucket/x"}, want: "RECORD_TO="},
		{name: "two bad variables", env: map[string]string{"LOG_LEVEL": "loud", "RECORD_TIMEOUT": "2"}, want: "LOG_LEVEL="},
		{name: "too long for the function", env: map[string]string{"RECORD_TIMEOUT": "9s"}, want: "RECORD_TIMEOUT=9s leaves no time to answer"},
		{name: "a longer time-out", env: map[string]string{"VOD_CALLBACK_KEYS": key, "RECORD_TIMEOUT": "9s"}, change: func(f *Function) { f.Timeout = 20 * time.Second }},
		{name: "environment too large", env: map[string]string{"VOD_CALLBACK_URLS": "https://example.com/" + strings.Repeat("x", 4096)}, want: "the environment variables have"},
		{name: "directory", env: map[string]string{"VOD_CALLBACK_KEYS": key, "RECORD_TO": "file:///tmp/x"}, want: "note: RECORD_TO is a directory"},
		{name: "another prefix", env: map[string]string{"VOD_CALLBACK_KEYS": key, "RECORD_TO": "oss://" + bucket + "/other"}, want: `note: RECORD_TO has the prefix "other"`},
		{
			name: "bucket not there", env: map[string]string{"VOD_CALLBACK_KEYS": key, "RECORD_TO": "oss://" + bucket + "/outcomes"},
			change: func(f *Function) { f.Web = cannedOSS(noBucket) }, want: "the bucket " + bucket + " of RECORD_TO does not exist",
		},
		{
			name: "bucket not there, validating", env: map[string]string{"VOD_CALLBACK_KEYS": key, "RECORD_TO": "oss://" + bucket + "/outcomes"},
			change: func(f *Function) { f.Now, f.Web = false, cannedOSS(noBucket) },
		},
		{
			name: "bucket is another", env: map[string]string{"VOD_CALLBACK_KEYS": key, "RECORD_TO": "oss://another/outcomes"},
			change: func(f *Function) { f.Web = cannedOSS("HTTP/1.1 403\n<Error><Code>AccessDenied</Code></Error>") },
			want:   "note: RECORD_TO names the bucket another",
		},
		{name: "misspelt type", env: map[string]string{"VOD_CALLBACK_KEYS": key, "RECORD_EVENTS": "ProduceMediaComplete,TranscodeCompleted"}, want: "note: RECORD_EVENTS names TranscodeCompleted, which is not an event type that VOD or IMS publishes; did you mean TranscodeComplete?"},
		{name: "other types than the stack", env: map[string]string{"VOD_CALLBACK_KEYS": key, "RECORD_EVENTS": "*"}, want: "note: RECORD_EVENTS is *: give the stack RecordEvents=*"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := good(tt.env)
			if tt.change != nil {
				tt.change(&f)
			}
			problems, notes := f.Recorder()
			compare(t, problems, notes, tt.want)
			if strings.Contains(strings.Join(slices.Concat(problems, notes), "\n"), key) {
				t.Errorf("a callback key is shown: %q %q", problems, notes)
			}
		})
	}
}

func TestReconciler(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		set, want string // a variable to set, NAME=VALUE
	}{
		{"good", "", ""},
		{"log cannot be listed", "RECORD_TO=log:", `RECORD_TO="log:": the reconciler compares edits with records in a bucket`},
		{"malformed store", "RECORD_TO=oss://My_Bucket", "RECORD_TO: "},
		{"unknown producer", "RECONCILE_PRODUCER=mps", `RECONCILE_PRODUCER="mps": unknown producer; want ims or vod`},
		{"no duration", "RECONCILE_SINCE=1d", `RECONCILE_SINCE="1d"`},
		{"no time", "RECONCILE_LONGEST=0", `RECONCILE_LONGEST="0"`},
		{"unknown level", "LOG_LEVEL=loud", `LOG_LEVEL="loud"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			env := map[string]string{
				"RECORD_TO": "oss://" + bucket + "/outcomes", "RECONCILE_PRODUCER": "ims", "RECONCILE_SINCE": "24h", "RECONCILE_LONGEST": "24h", "LOG_LEVEL": "info",
			}
			if name, value, ok := strings.Cut(tt.set, "="); ok {
				env[name] = value
			}
			problems, notes := good(env).Reconciler()
			compare(t, problems, notes, tt.want)
		})
	}
}

// TestPublished holds the list of published types against the samples of package events.
func TestPublished(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../../events/testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no samples: %v", err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var event struct{ EventType string }
		if json.Unmarshal(content, &event) == nil && event.EventType != "" && !slices.Contains(sample.Types(), event.EventType) {
			t.Errorf("%s has the type %s, which is not in the list", file, event.EventType)
		}
	}
}

// compare looks for a problem or a note. Where neither is wanted there must be no problem.
func compare(t *testing.T, problems, notes []string, want string) {
	t.Helper()
	found := problems
	note, isNote := strings.CutPrefix(want, "note: ")
	if isNote {
		found, want = notes, note
	}
	if (want == "" || isNote) && len(problems) > 0 {
		t.Errorf("problems %q, want none", problems)
	}
	if want != "" && !slices.ContainsFunc(found, func(s string) bool { return strings.HasPrefix(s, want) }) {
		t.Errorf("found %q and %q, want %q", problems, notes, want)
	}
}

// cannedOSS answers every request with "HTTP/1.1 STATUS" and a body; empty, it is out of reach.
type cannedOSS string

func (c cannedOSS) RoundTrip(*http.Request) (*http.Response, error) {
	status, body, ok := strings.Cut(string(c), "\n")
	if !ok {
		return nil, errors.New("no route to host")
	}
	code := http.StatusForbidden
	if strings.Contains(status, "404") {
		code = http.StatusNotFound
	}
	return &http.Response{StatusCode: code, Body: io.NopCloser(strings.NewReader(body))}, nil
}
