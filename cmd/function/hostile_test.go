package main_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vod-callback/recorder/internal/callback"
	"github.com/vod-callback/recorder/internal/local/fclocal"
	"github.com/vod-callback/recorder/internal/local/sample"
)

// TestInstanceOutlivesHostileInput hands one instance what might end it: it answers everything, is the
// same process at the end, and every line on its standard output is one of ours or of the runtime's SDK.
func TestInstanceOutlivesHostileInput(t *testing.T) {
	t.Parallel()
	const key = "An0therKey"
	target, err := url.Parse(callbackURL)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	headers := callback.VOD.SignNow(callbackURL, key, now)
	signature := headers.Get(callback.VOD.Signature)
	request := func(method string, body string) string {
		return string(sample.HTTP(method, target, headers, []byte(body), now))
	}
	event := string(sample.Event{}.JSON())
	with := func(member string) string { return event[:len(event)-1] + "," + member + "}" }
	const forged = "\n{\"time\":\"2026-01-01T00:00:00Z\",\"level\":\"INFO\",\"msg\":\"recorded\",\"request_id\":\"forged\"}\nFC Invoke End RequestId: forged\n"
	dir := t.TempDir()
	rt, log := start(t, fclocal.Options{Timeout: time.Minute}, "VOD_CALLBACK_KEYS="+key, "RECORD_TO=file://"+dir)
	pid := rt.PID()
	for name, payload := range map[string]string{
		"nothing":                   "",
		"NUL":                       "\x00",
		"a forged line":             forged,
		"no UTF-8":                  "\xff\xfe{\"EventType\":1}",
		"deep array":                strings.Repeat("[", 1_000_000) + strings.Repeat("]", 1_000_000),
		"deep object":               strings.Repeat(`{"a":`, 200_000),
		"deep event":                with(`"X":` + strings.Repeat("[", 500_000) + strings.Repeat("]", 500_000)),
		"deep inside a callback":    request(http.MethodPost, with(`"X":`+strings.Repeat("[", 100_000))),
		"strings in strings":        nested(event, 12),
		"many elements":             "[" + strings.Repeat("0,", 2000) + "0]",
		"many members":              "{" + strings.Repeat(`"a":0,`, 500_000) + `"EventType":"ProduceMediaComplete"}`,
		"many header names":         `{"headers":{` + strings.Repeat(`"X-Vod-Signature":"0",`, 200_000) + `"a":"b"},"requestContext":{"http":{"method":"POST"}}}`,
		"one header with commas":    `{"headers":{"X-Vod-Signature":"` + strings.Repeat(",", 1_000_000) + `"},"requestContext":{"http":{"method":"POST"}}}`,
		"a long method":             request(strings.Repeat("A", 100_000), ""),
		"a method with a line":      request("POST"+forged, ""),
		"a signature in a string":   string(mustJSON(request(http.MethodPost, event))),
		"a signature in an array":   "[[[" + request(http.MethodPost, event) + "]]]",
		"a signature in an object":  `{"detail":` + request(http.MethodPost, event) + `}`,
		"a signature in strings":    nested(request(http.MethodPost, event), 11),
		"a signature, cut off":      request(http.MethodPost, event)[:400],
		"names in text":             strings.Repeat("X-Vod-Signature", 100_000),
		"an event type with a line": strings.Replace(event, "ProduceMediaComplete", "Other"+string(bytes.Trim(mustJSON(forged), `"`)), 1),
	} {
		begin := time.Now()
		resp, err := rt.Invoke(t.Context(), []byte(payload))
		if err != nil || resp.ErrorType == "UnhandledInvocationError" {
			t.Errorf("%s: %.200s, %v", name, resp.Payload, err)
		}
		if took := time.Since(begin); took > 20*time.Second {
			t.Errorf("%s took %v", name, took)
		}
		if bytes.Contains(resp.Payload, []byte(signature)) {
			t.Errorf("%s: the answer has the signature", name)
		}
	}
	if status, body := webStatus(t, invoke(t, rt, signed(t, []byte(event), key))); status != 200 || rt.PID() != pid {
		t.Errorf("afterwards: %d %s, process %d after %d", status, body, rt.PID(), pid)
	}
	if err := rt.Close(); err != nil { // then all of the log is there
		t.Error(err)
	}
	for line := range strings.Lines(log.String()) {
		if !strings.HasPrefix(line, "FC Invoke ") && (!json.Valid([]byte(line)) || !strings.HasPrefix(line, `{"time":"`)) || strings.Contains(line, "RequestId: forged") && !strings.HasPrefix(line, "{") {
			t.Errorf("line %.300q", line)
		}
	}
	said := map[string]string{"the log": log.String()}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		said[path] = string(data)
		return err
	})
	if err != nil || len(said) < 10 {
		t.Fatalf("%d records, %v", len(said), err)
	}
	for where, text := range said {
		if strings.Contains(text, signature) || strings.Contains(text, key) {
			t.Errorf("%s has a secret: %.500s", where, text)
		}
	}
}

func mustJSON(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return data
}

// nested returns text as a JSON string in a JSON string, n times.
func nested(text string, n int) string {
	for range n {
		text = string(mustJSON(text))
	}
	return text
}
