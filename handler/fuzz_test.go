package handler_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/vod-callback/recorder/internal/callback"
	"github.com/vod-callback/recorder/internal/test/eventtest"
)

// seedPayloads adds every published sample, each also as a string, in Base64 and in an array, and what the
// tables of this package found worth a row.
func seedPayloads(f *testing.F) {
	f.Helper()
	for _, data := range eventtest.Samples(f) {
		f.Add(data)
		f.Add([]byte(quoted(data)))
		f.Add([]byte(base64.StdEncoding.EncodeToString(data)))
		f.Add([]byte("[" + string(data) + "," + quoted(data) + "]"))
	}
	signed := httpEvent(authentic(), quoted([]byte(hostileEvent("1"))))
	for _, payload := range []string{
		signed, "[[" + signed + "]]", quoted([]byte(quoted([]byte(signed)))), signed[:len(signed)-1],
		`{"TopicName":"t","Message":` + quoted([]byte(signed)) + `,"headers":` + authentic() + `}`,
		`{"specversion":"1.0","data":` + signed + `}`, `{"messageBody":` + signed + `}`, `{"body":` + signed + `,"attrs":{}}`,
		hostileEvent(`"\ud800"`), hostileEvent("1e999"), hostileEvent(`{"a":1,"\u0061":2}`), hostileEvent(deep(50)),
		encoded(hostileTexts), strings.Replace(hostileEvent("1"), `"m"`, `"../\u0000%2e"`, 1), "\ufeff{}", "",
	} {
		f.Add([]byte(payload))
	}
}

// looksLikeHTTP is the contract's rule for it, read by another decoder than the function's.
func looksLikeHTTP(payload []byte) bool {
	var object map[string]json.RawMessage
	if json.Unmarshal(payload, &object) != nil {
		return false
	}
	has := func(name string) bool { _, ok := object[name]; return ok }
	return (has("headers") || has("requestContext")) && (!has("TopicName") || !has("Message"))
}

var signatureValue = regexp.MustCompile(`(?i)"x-(?:vod|ice)-signature\\*"\s*:\s*\\*"([0-9a-f]{32})`)

// FuzzInvoke hands any payload to a handler whose key nobody has. Whatever HTTP carries stays unrecorded,
// no signature among headers shows, keys stay below their prefix, and each line of the log is ours.
func FuzzInvoke(f *testing.F) {
	seedPayloads(f)
	f.Fuzz(func(t *testing.T, payload []byte) {
		answer, store, log := deliver(t, map[string]string{"VOD_CALLBACK_KEYS": "NobodyHas1"}, string(payload))
		if !json.Valid([]byte(answer)) {
			t.Fatalf("answer %s", answer)
		}
		if looksLikeHTTP(payload) {
			if got := status(t, []byte(answer)); len(store) > 0 || (got != 401 && got != 405 && got != 413) {
				t.Fatalf("unauthenticated: answer %s, stored %v", answer, store)
			}
		}
		logLines(t, log)
		var all strings.Builder
		all.WriteString(answer + log)
		for key, body := range store {
			checkKey(t, key)
			if !json.Valid([]byte(body)) || strings.IndexByte(body, '\n') != len(body)-1 {
				t.Fatalf("stored %q", body)
			}
			all.WriteString(body)
		}
		for _, m := range signatureValue.FindAllSubmatch(payload, -1) {
			// A second time it stands where its author wanted it to be read.
			if bytes.Count(bytes.ToLower(payload), bytes.ToLower(m[1])) == 1 && !isEvent(payload) && strings.Contains(all.String(), string(m[1])) {
				t.Fatalf("the signature %s shows: %s", m[1], all.String())
			}
		}
	})
}

// isEvent says whether payload could be an event or the message of a queue: what its sender wrote is
// kept as it is, be it called a signature.
func isEvent(payload []byte) bool {
	for _, name := range []string{"EventType", "Message", "messageBody", "attrs"} {
		if bytes.Contains(payload, []byte(name)) || bytes.Contains(payload, []byte(`\u`)) {
			return true
		}
	}
	return false
}

// FuzzBody hands over any body with a genuine signature: it is recorded, ignored, or kept as rejected,
// in one entry, whose key depends on the body alone.
func FuzzBody(f *testing.F) {
	seedPayloads(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		event := strings.Replace(httpEvent(authentic(), quoted([]byte(base64.StdEncoding.EncodeToString(body)))),
			`"isBase64Encoded":false`, `"isBase64Encoded":true`, 1)
		answer, store, log := deliver(t, nil, event)
		lines := logLines(t, log)
		if len(lines) != 1 || len(store) > 1 {
			t.Fatalf("%d entries, log %s", len(store), log)
		}
		stored := map[int]int{200: len(store), 400: 1, 413: 0}
		got := status(t, []byte(answer))
		if want, known := stored[got]; !known || want != len(store) {
			t.Fatalf("answer %s, %d entries", answer, len(store))
		}
		if ignored := strings.Contains(answer, `"ignored\"`); got == 200 && ignored == (len(store) == 1) {
			t.Fatalf("answer %s, %d entries", answer, len(store))
		}
		_, sig := signature(0)
		for key, entry := range store {
			checkKey(t, key)
			if strings.Contains(entry, sig) && !bytes.Contains(body, []byte(sig)) {
				t.Fatalf("the signature shows: %s", entry)
			}
		}
		if strings.Contains(log+answer, hostileKey) || (strings.Contains(log+answer, sig) && !bytes.Contains(body, []byte(sig))) {
			t.Fatalf("a secret shows: %s, %s", log, answer)
		}
	})
}

// FuzzHeaders hands over any headers, method and path with an event: it is recorded only where they hold a
// genuine signature for that URL and time.
func FuzzHeaders(f *testing.F) {
	ts, sig := signature(0)
	f.Add("X-Vod-Timestamp", ts, "X-Vod-Signature", sig, "POST", "/cb")
	f.Add("x-ice-timestamp", ts+","+ts, "X-ICE-SIGNATURE", strings.ToUpper(sig), "POST", "/cb")
	f.Add("X-Vod-Timestamp", ts, "X-Ice-Signature", sig, "GET", "/cb|"+ts)
	f.Fuzz(func(t *testing.T, name1, value1, name2, value2, method, path string) {
		payload := encoded(map[string]any{
			"rawPath": path, "headers": json.RawMessage("{" + encoded(name1) + ":" + encoded(value1) + "," + encoded(name2) + ":" + encoded(value2) + "}"),
			"body": hostileEvent("1"), "requestContext": map[string]any{"domainName": "d.example", "http": map[string]any{"method": method}},
		})
		answer, store, log := deliver(t, nil, payload)
		lines := logLines(t, log)
		if len(lines) != 1 {
			t.Fatalf("log %s", log)
		}
		genuine := func(timestamp, signature string) bool {
			timestamp, _, _ = strings.Cut(timestamp, ",")
			signature, _, _ = strings.Cut(signature, ",")
			timestamp, signature = strings.Trim(timestamp, " \t"), strings.Trim(signature, " \t")
			for _, url := range []string{"https://d.example" + path, "http://d.example" + path, "https://d.example", "https://d.example/", "http://d.example", "http://d.example/"} {
				if strings.EqualFold(signature, callback.Sign(url, timestamp, hostileKey)) {
					return true
				}
			}
			return false
		}
		if (len(store) > 0) != (status(t, []byte(answer)) == 200) || (len(store) > 0 && (method != "POST" || (!genuine(value1, value2) && !genuine(value2, value1)))) {
			t.Fatalf("answer %s, stored %v", answer, store)
		}
	})
}
