package main

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	t.Parallel()
	const key = "Sample0Key"
	good := []string{"-deploy", "-account", "1234567890123456", "-bucket", "vod-callback-recorder-1234567890123456-cn-shanghai"}
	tests := []struct {
		name string
		args []string
		env  map[string]string
		oss  string // OSS's answer; "": none comes
		exit int
		want string // on standard error where exit is 1, else on standard output
	}{
		{name: "good", args: good, env: map[string]string{"VOD_CALLBACK_KEYS": key}, want: "RECORD_TO=oss://vod-callback-recorder-1234567890123456-cn-shanghai/outcomes"},
		{name: "no key, deploying", args: good, exit: 1, want: "VOD_CALLBACK_KEYS is not set"},
		{name: "no key, validating", args: nil, want: "VOD_CALLBACK_KEYS is not set"},
		{name: "empty list of keys", args: good, env: map[string]string{"VOD_CALLBACK_KEYS": " , "}, exit: 1, want: "VOD_CALLBACK_KEYS="},
		{name: "no key needed", args: good, env: map[string]string{"VOD_CALLBACK_AUTH": "off"}, want: "whoever knows the URL"},
		{name: "key that VOD does not take", args: good, env: map[string]string{"VOD_CALLBACK_KEYS": key + ",test123"}, want: "key 2 of VOD_CALLBACK_KEYS"},
		{name: "no account", args: []string{"-deploy"}, env: map[string]string{"VOD_CALLBACK_KEYS": key}, exit: 1, want: "no account ID"},
		{name: "account is a name", args: []string{"-account", "my-account"}, exit: 1, want: `"my-account" is no number`},
		{name: "region is a city", args: []string{"-region", "Shanghai"}, exit: 1, want: `REGION="Shanghai"`},
		{name: "name in capitals", args: []string{"-name", "Recorder"}, exit: 1, want: `FUNCTION_NAME="Recorder"`},
		{name: "name too long", args: []string{"-name", strings.Repeat("n", 29)}, exit: 1, want: "FUNCTION_NAME="},
		{name: "bucket malformed", args: []string{"-account", "1234567890123456", "-bucket", "Bucket_"}, exit: 1, want: `bucket name "Bucket_"`},
		{name: "bucket of RECORD_TO malformed", env: map[string]string{"RECORD_TO": "oss://My_Bucket/x"}, exit: 1, want: "RECORD_TO="},
		{name: "two bad variables", env: map[string]string{"LOG_LEVEL": "loud", "RECORD_TIMEOUT": "2"}, exit: 1, want: "cannot deploy: LOG_LEVEL="},
		{name: "too long for the function", env: map[string]string{"RECORD_TIMEOUT": "9s"}, exit: 1, want: "leaves no time to answer"},
		{name: "environment too large", env: map[string]string{"VOD_CALLBACK_URLS": "https://example.com/" + strings.Repeat("x", 4096)}, exit: 1, want: "takes 4096"},
		{name: "directory", env: map[string]string{"RECORD_TO": "file:///tmp/x"}, want: "is a directory"},
		{
			name: "bucket not there", args: good, env: map[string]string{"VOD_CALLBACK_KEYS": key, "RECORD_TO": "oss://vod-callback-recorder-1234567890123456-cn-shanghai/outcomes"},
			oss: "HTTP/1.1 404\n<Error><Code>NoSuchBucket</Code></Error>", exit: 1, want: "does not exist",
		},
		{
			name: "bucket is another", args: good, env: map[string]string{"VOD_CALLBACK_KEYS": key, "RECORD_TO": "oss://another/outcomes"},
			oss: "HTTP/1.1 403\n<Error><Code>AccessDenied</Code></Error>", want: "RECORD_TO names the bucket another",
		},
		{name: "OSS out of reach", args: good, env: map[string]string{"VOD_CALLBACK_KEYS": key, "RECORD_TO": "oss://another/outcomes"}, want: "another"},
		{name: "unknown flag", args: []string{"-regoin", "x"}, exit: 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			lookup := func(name string) (string, bool) { v, ok := tt.env[name]; return v, ok }
			if exit := run(tt.args, lookup, cannedOSS(tt.oss), &stdout, &stderr); exit != tt.exit {
				t.Fatalf("exit status %d, want %d\n%s%s", exit, tt.exit, &stdout, &stderr)
			}
			said := stdout.String()
			if tt.exit == 1 {
				said = stderr.String()
			}
			if !strings.Contains(said, tt.want) {
				t.Errorf("said %q, want it to say %q", said, tt.want)
			}
			if strings.Contains(stdout.String()+stderr.String(), key) {
				t.Errorf("a callback key is shown: %s%s", &stdout, &stderr)
			}
		})
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
