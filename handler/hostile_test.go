package handler_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/callback"
	"github.com/vod-callback/recorder/internal/jsonx"
	"github.com/vod-callback/recorder/internal/record"
)

// hostileEvent is a VOD event with one more member, called X.
func hostileEvent(x string) string {
	return `{"EventType":"ProduceMediaComplete","EventTime":"2018-12-26T14:34:09Z","Status":"success","MediaId":"m","ProjectId":"p","X":` + x + `}`
}

// logLines returns the lines of a log, each of which has to be one JSON object that begins as promised.
func logLines(t *testing.T, log string) []map[string]json.RawMessage {
	t.Helper()
	if log != "" && !strings.HasSuffix(log, "\n") {
		t.Error("the log ends inside a line")
	}
	var lines []map[string]json.RawMessage
	for line := range strings.Lines(log) {
		var members map[string]json.RawMessage
		if err := json.Unmarshal([]byte(line), &members); err != nil || !strings.HasPrefix(line, `{"time":"`) {
			t.Fatalf("no line of ours: %.300s: %v", line, err)
		}
		lines = append(lines, members)
	}
	return lines
}

// deep returns n arrays inside one another.
func deep(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }

// TestHugeEvents checks that whatever the size of an event, it is recorded so that it can be read back,
// or rejected and kept.
func TestHugeEvents(t *testing.T) {
	t.Parallel()
	members := new(strings.Builder)
	for i := range 100_000 {
		fmt.Fprintf(members, `"%d":1,`, i)
	}
	for _, tt := range []struct {
		name, event string
		rejected    string // a part of the reason
	}{
		{"the deepest", hostileEvent(deep(jsonx.MaxDepth - 1)), ""},
		{"too deep", hostileEvent(deep(jsonx.MaxDepth)), "nested too deeply"},
		{"too deep for any reader", hostileEvent(deep(100_000)), "no known form"},
		{"never closed", hostileEvent(strings.Repeat("[", 1_000_000)), "no known form"},
		{"deep and out of order", hostileEvent(strings.Repeat(`{"b":`, 5000) + "1" + strings.Repeat(`,"a":1}`, 5000)), ""},
		{"many members", hostileEvent("{" + members.String() + `"z":1}`), ""},
		{"one name many times", hostileEvent("{" + strings.Repeat(`"a":1,`, 100_000) + `"a":1}`), `the name "a" more than once`},
		{"a name twice, deep down", hostileEvent(strings.Repeat("[", 5000) + `{"a":1,"\u0061":2}` + strings.Repeat("]", 5000)), `the name "a" more than once`},
		{"the largest number", hostileEvent("1.7976931348623157e308"), ""},
		{"a larger number", hostileEvent("[1.7976931348623159e308]"), "beyond the range"},
		{"a million digits", hostileEvent(strings.Repeat("9", 1_000_000)), "beyond the range"},
		{"a million decimals", hostileEvent("0." + strings.Repeat("9", 1_000_000)), ""},
		{"a huge exponent", hostileEvent("1e-" + strings.Repeat("9", 1_000)), ""},
		{"a long text", hostileEvent(`"` + strings.Repeat("x", 1_000_000) + `"`), ""},
		{"too long a text", hostileEvent(`"` + strings.Repeat("x", events.MaxSize) + `"`), "want at most 1048576"},
		{"too many members", hostileEvent("{" + members.String() + members.String() + `"z":1}`), "want at most 1048576"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			answer, err := newHandler(t, nil, &log).Invoke(invocationContext(t.Context()), []byte(tt.event))
			want := `{"recorded":1,"duplicate":0,"ignored":0,"rejected":0}`
			if tt.rejected != "" {
				want = `{"recorded":0,"duplicate":0,"ignored":0,"rejected":1}`
			}
			if err != nil || string(answer) != want {
				t.Fatalf("Invoke = %s, %v; want %s", answer, err, want)
			}
			line := logLines(t, log.String())[0]
			if tt.rejected != "" {
				var kept string
				if err := json.Unmarshal(line["payload"], &kept); err != nil || kept != tt.event || !strings.Contains(string(line["reason"]), quotedInside(tt.rejected)) {
					t.Errorf("kept %.100s because of %s, %v; want all of it because of %s", kept, line["reason"], err, tt.rejected)
				}
				return
			}
			var outcome struct{ Raw json.RawMessage }
			if err := json.Unmarshal(line["outcome"], &outcome); err != nil || string(outcome.Raw) != tt.event {
				t.Errorf("recorded %.100s, %v; want all of it", outcome.Raw, err)
			}
		})
	}
}

// quotedInside returns s as it stands inside a JSON string.
func quotedInside(s string) string { return strings.Trim(quoted([]byte(s)), `"`) }

const (
	hostileKey = "S3cretKey"
	hostileURL = "https://d.example/cb"
)

// httpEvent returns an HTTP trigger event for a POST to hostileURL. headers and body are JSON.
func httpEvent(headers, body string) string {
	return `{"version":"v1","rawPath":"/cb","headers":` + headers + `,"body":` + body +
		`,"isBase64Encoded":false,"requestContext":{"domainName":"d.example","http":{"method":"POST","path":"/cb"}}}`
}

// signature signs hostileURL at the time now, moved by skew.
func signature(skew time.Duration) (timestamp, sig string) {
	timestamp = strconv.FormatInt(now().Add(skew).Unix(), 10)
	return timestamp, callback.Sign(hostileURL, timestamp, hostileKey)
}

// authentic returns the headers of a genuine callback.
func authentic() string {
	timestamp, sig := signature(0)
	return `{"X-Vod-Timestamp":"` + timestamp + `","X-Vod-Signature":"` + sig + `"}`
}

// A fakeStore keeps entries in memory.
type fakeStore struct {
	mu      sync.Mutex
	entries map[string]string
}

func (s *fakeStore) Record(_ context.Context, e record.Entry) (record.Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, taken := s.entries[e.Key]; taken {
		return record.Duplicate, nil
	}
	if s.entries == nil {
		s.entries = map[string]string{}
	}
	s.entries[e.Key] = string(e.Body)
	return record.Recorded, nil
}

// deliver hands payload to a handler with the key hostileKey and returns the answer, or the error, and
// what was stored and logged.
func deliver(t testing.TB, env map[string]string, payload string) (answer string, store map[string]string, log string) {
	t.Helper()
	if env == nil {
		env = map[string]string{"VOD_CALLBACK_KEYS": hostileKey}
	}
	var out bytes.Buffer
	h := newHandler(t, env, &out)
	s := &fakeStore{}
	h.Recorder = s
	a, err := h.Invoke(invocationContext(t.Context()), []byte(payload))
	if err != nil {
		a = []byte(err.Error())
	}
	return string(a), s.entries, out.String()
}

// TestBodySize checks the limit on both sides, decoded, and that it goes before authentication.
func TestBodySize(t *testing.T) {
	t.Parallel()
	const limit = 262_144
	body := func(size int) string {
		event := hostileEvent(`""`)
		return event[:len(event)-2] + strings.Repeat("x", size-len(event)) + event[len(event)-2:]
	}
	inBase64 := func(body string) string {
		return strings.Replace(httpEvent(authentic(), quoted([]byte(base64.StdEncoding.EncodeToString([]byte(body))))),
			`"isBase64Encoded":false`, `"isBase64Encoded":true`, 1)
	}
	escaped := func(body string) string { // each x takes six bytes of the payload
		return strings.ReplaceAll(quoted([]byte(body)), "x", `\u0078`)
	}
	for _, tt := range []struct {
		name, payload string
		status        int
	}{
		{"raw", httpEvent(authentic(), quoted([]byte(body(limit)))), 200},
		{"raw, one more", httpEvent(authentic(), quoted([]byte(body(limit+1)))), 413},
		{"raw, one more, unsigned", httpEvent(`{}`, quoted([]byte(body(limit+1)))), 413},
		{"raw, unsigned", httpEvent(`{}`, quoted([]byte(body(limit)))), 401},
		{"escaped", httpEvent(authentic(), escaped(body(limit))), 200},
		{"escaped, one more", httpEvent(authentic(), escaped(body(limit+1))), 413},
		{"Base64", inBase64(body(limit)), 200},
		{"Base64, one more", inBase64(body(limit + 1)), 413},
		{"32 MB", httpEvent(authentic(), quoted(bytes.Repeat([]byte("x"), 32<<20))), 413},
		{"32 MB of no string", httpEvent(authentic(), "["+strings.Repeat("0,", 16<<20)+"0]"), 413},
		{"empty", httpEvent(authentic(), `""`), 400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			answer, store, log := deliver(t, nil, tt.payload)
			if got := status(t, []byte(answer)); got != tt.status || (len(store) == 0) != (tt.status == 401 || tt.status == 413) {
				t.Errorf("status %d, %d stored; want %d", got, len(store), tt.status)
			}
			if lines := logLines(t, log); len(lines) != 1 || len(log) > 1000 {
				t.Errorf("%d lines of %d bytes", len(lines), len(log))
			}
		})
	}
}

// TestSmuggling hands over requests that say two things, and signatures that are not of this request.
// What is refused leaves nothing behind but one line, without the signature.
func TestSmuggling(t *testing.T) {
	t.Parallel()
	ts, sig := signature(0)
	other := strings.Repeat("0", 32)
	next, nextSig := signature(time.Second)
	event := quoted([]byte(hostileEvent("1")))
	headers := func(pairs ...string) string {
		var b strings.Builder
		for i := 0; i < len(pairs); i += 2 {
			b.WriteString(`,"` + pairs[i] + `":"` + pairs[i+1] + `"`)
		}
		return httpEvent("{"+strings.TrimPrefix(b.String(), ",")+"}", event)
	}
	aged := func(skew time.Duration) string {
		ts, sig := signature(skew)
		return headers("X-Vod-Timestamp", ts, "X-Vod-Signature", sig)
	}
	genuine := httpEvent(authentic(), event)
	replace := func(old, with string) string {
		if !strings.Contains(genuine, old) {
			t.Fatalf("nothing to replace: %s", old)
		}
		return strings.Replace(genuine, old, with, 1)
	}
	signedURL := func(url string) string {
		return headers("X-Vod-Timestamp", ts, "X-Vod-Signature", callback.Sign(url, ts, hostileKey))
	}
	for _, tt := range []struct {
		name, payload string
		status        int
		reason        string // a part of it, where it is refused
	}{
		{"genuine", genuine, 200, ""},
		{"unsigned", headers(), 401, "no signature"},
		{"signature alone", headers("X-Vod-Signature", sig), 401, "without a"},
		{"timestamp alone", headers("X-Vod-Timestamp", ts), 401, "without a"},
		{"two spellings, same value", headers("X-Vod-Timestamp", ts, "x-vod-signature", sig, "X-VOD-SIGNATURE", sig), 200, ""},
		{"two spellings, the true one first", headers("X-Vod-Timestamp", ts, "x-vod-signature", sig, "X-VOD-SIGNATURE", other), 401, "twice"},
		{"two spellings, the true one last", headers("X-Vod-Timestamp", ts, "x-vod-signature", other, "X-VOD-SIGNATURE", sig), 401, "twice"},
		{"two spellings of the timestamp", headers("X-Vod-Timestamp", ts, "x-vod-timestamp", next, "X-Vod-Signature", sig), 401, "twice"},
		{"one name twice", headers("X-Vod-Timestamp", ts, "X-Vod-Signature", sig, "X-Vod-Signature", other), 401, "twice"},
		{"joined, same value", headers("X-Vod-Timestamp", ts+", "+ts, "X-Vod-Signature", sig+","+sig), 200, ""},
		{"joined, two values", headers("X-Vod-Timestamp", ts, "X-Vod-Signature", sig+", "+other), 401, "twice"},
		{"joined with nothing", headers("X-Vod-Timestamp", ts, "X-Vod-Signature", sig+","), 401, "twice"},
		{"joined timestamps", headers("X-Vod-Timestamp", ts+","+next, "X-Vod-Signature", sig), 401, "twice"},
		{"the other pair is torn", headers("X-Vod-Timestamp", ts, "X-Vod-Signature", sig, "X-Ice-Timestamp", ts+","+next, "X-Ice-Signature", other), 401, "twice"},
		{"one pair's timestamp, the other's signature", headers("X-Vod-Timestamp", ts, "X-Ice-Signature", sig), 401, "one producer"},
		{"the other way round", headers("X-Ice-Timestamp", ts, "X-Vod-Signature", sig), 401, "one producer"},
		{"crossed pairs", headers("X-Vod-Timestamp", ts, "X-Ice-Signature", sig, "X-Ice-Timestamp", next, "X-Vod-Signature", nextSig), 401, "matches none"},
		{"both pairs, one true", headers("X-Vod-Timestamp", ts, "X-Vod-Signature", other, "X-Ice-Timestamp", ts, "X-Ice-Signature", sig), 200, ""},
		{"the signature of another second", headers("X-Vod-Timestamp", next, "X-Vod-Signature", sig), 401, "matches none"},
		{"upper-case hex", headers("X-Vod-Timestamp", ts, "X-Vod-Signature", strings.ToUpper(sig)), 200, ""},
		{"a digit short", headers("X-Vod-Timestamp", ts, "X-Vod-Signature", sig[1:]), 401, "32 hexadecimal"},
		{"a byte more", headers("X-Vod-Timestamp", ts, "X-Vod-Signature", sig+"00"), 401, "32 hexadecimal"},
		{"a name that folds to ours in Unicode only", headers("X-Vod-Time\u017ftamp", ts, "X-Vod-\u017fignature", sig), 401, "no signature"},
		{"a name with a blank", headers("X-Vod-Timestamp ", ts, "X-Vod-Signature ", sig), 401, "no signature"},
		{"an underscore", headers("X_VOD_TIMESTAMP", ts, "X_VOD_SIGNATURE", sig), 401, "no signature"},
		{"a list of values", httpEvent(`{"X-Vod-Timestamp":["`+ts+`"],"X-Vod-Signature":["`+sig+`"]}`, event), 401, "no signature"},
		{"numbers", httpEvent(`{"X-Vod-Timestamp":`+ts+`,"X-Vod-Signature":"`+sig+`"}`, event), 401, "without a"},
		{"a sign", headers("X-Vod-Timestamp", "+"+ts, "X-Vod-Signature", callback.Sign(hostileURL, "+"+ts, hostileKey)), 401, "decimal digits"},
		{"digits of another script", headers("X-Vod-Timestamp", "\u0661", "X-Vod-Signature", callback.Sign(hostileURL, "\u0661", hostileKey)), 401, "decimal digits"},
		{"an exponent", headers("X-Vod-Timestamp", "1e9", "X-Vod-Signature", callback.Sign(hostileURL, "1e9", hostileKey)), 401, "decimal digits"},
		{"twenty digits", headers("X-Vod-Timestamp", strings.Repeat("9", 20), "X-Vod-Signature", callback.Sign(hostileURL, strings.Repeat("9", 20), hostileKey)), 401, "future"},
		{"the clock five minutes ahead", aged(5 * time.Minute), 200, ""},
		{"and a second", aged(5*time.Minute + time.Second), 401, "future"},
		{"a year ahead", aged(365 * 24 * time.Hour), 401, "future"},
		{"a replay after five minutes", aged(-5 * time.Minute), 200, ""},
		{"and a second later", aged(-5*time.Minute - time.Second), 401, "older"},
		{"a replay from the epoch", headers("X-Vod-Timestamp", "0", "X-Vod-Signature", callback.Sign(hostileURL, "0", hostileKey)), 401, "older"},
		{"of another path", signedURL("https://d.example/other"), 401, "matches none"},
		{"of another host", signedURL("https://e.example/cb"), 401, "matches none"},
		{"of the path with a slash", signedURL("https://d.example/cb/"), 401, "matches none"},
		{"of the same URL by http", signedURL("http://d.example/cb"), 200, ""},
		{"the empty key", headers("X-Vod-Timestamp", ts, "X-Vod-Signature", callback.Sign(hostileURL, ts, "")), 401, "matches none"},
		{"the URL with a bar", replace(`"rawPath":"/cb"`, `"rawPath":"/cb|`+ts+`"`), 401, "matches none"},
		{"two bodies", replace(`"body":`, `"body":"{}","body":`), 401, "more than once: body"},
		{"two bodies, one escaped", replace(`"body":`, `"body":"{}","\u0062ody":`), 401, "more than once: body"},
		{"two encodings", replace(`"isBase64Encoded":false`, `"isBase64Encoded":false,"isBase64Encoded":true`), 401, "more than once: isBase64Encoded"},
		{"two paths", replace(`"rawPath":"/cb"`, `"rawPath":"/x","rawPath":"/cb"`), 401, "more than once: rawPath"},
		{"two domains", replace(`"domainName":`, `"domainName":"x","domainName":`), 401, "more than once: requestContext"},
		{"two contexts", replace(`"requestContext":`, `"requestContext":{},"requestContext":`), 405, "missing"},
		{"two header objects", replace(`"headers":`, `"headers":{"X-Vod-Signature":"`+other+`"},"headers":`), 401, "twice"},
		{"a genuine signature in an empty second header object", replace(`"headers":`, `"headers":{},"headers":`), 200, ""},
		{"another method", replace(`"POST"`, `"GET"`), 405, "GET"},
		{"POST in lower case", replace(`"POST"`, `"post"`), 405, "post"},
		{"a method that forges a line", replace(`"POST"`, `"POST\n{\"time\":\"x\",\"msg\":\"recorded\"}"`), 405, `POST\n{\"time`},
		{"an override of the method", replace(`"headers":{`, `"headers":{"X-Http-Method-Override":"GET",`), 200, ""},
		{"the form of another row as well", replace(`"version":"v1"`, `"specversion":"1.0","data":{"messageBody":`+event+`}`), 200, ""},
		{"the event at the top, unsigned", `{"headers":{},` + hostileEvent("1")[1:], 405, "missing"},
		{"a queue's message at the top, unsigned", `{"requestContext":{},"messageBody":` + event + `}`, 405, "missing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			answer, store, log := deliver(t, nil, tt.payload)
			if got := status(t, []byte(answer)); got != tt.status || (len(store) > 0) != (tt.status == 200) {
				t.Errorf("status %d, stored %v; want %d; log %s", got, store, tt.status, log)
			}
			lines := logLines(t, log)
			if len(lines) != 1 || !strings.Contains(string(lines[0]["reason"]), tt.reason) || (string(lines[0]["msg"]) == `"refused"`) != (tt.status != 200) {
				t.Errorf("log %s, want one line because of %q", log, tt.reason)
			}
			for _, secret := range []string{sig, nextSig, hostileKey} {
				if strings.Contains(strings.ToLower(answer+log+fmt.Sprint(store)), strings.ToLower(secret)) {
					t.Errorf("%s shows in %s, %s, %v", secret, answer, log, store)
				}
			}
		})
	}
}

// TestNoKeyLetsNobodyIn checks that what is not configured is closed.
func TestNoKeyLetsNobodyIn(t *testing.T) {
	t.Parallel()
	ts, _ := signature(0)
	forEmpty := `{"X-Vod-Timestamp":"` + ts + `","X-Vod-Signature":"` + callback.Sign(hostileURL, ts, "") + `"}`
	for _, env := range []map[string]string{{}, {"VOD_CALLBACK_KEYS": "  "}, {"VOD_CALLBACK_AUTH": "required", "VOD_CALLBACK_MAX_AGE": "0"}} {
		answer, store, log := deliver(t, env, httpEvent(forEmpty, quoted([]byte(hostileEvent("1")))))
		if status(t, []byte(answer)) != 401 || len(store) > 0 || !strings.Contains(log, "no callback key is configured") {
			t.Errorf("%v: %s, stored %v, log %s", env, answer, store, log)
		}
	}
}

// hostileTexts are texts that an attacker might send where a text is expected.
var hostileTexts = []string{
	"a/b", "../../etc/passwd", "..", ".", "%2e%2e", "%2E", "/", "//", `\`, `..\..\x`, "a\nb", "a\r\nb",
	"x\n{\"time\":\"2026-01-01T00:00:00Z\",\"level\":\"INFO\",\"msg\":\"recorded\",\"request_id\":\"forged\"}\n",
	`","msg":"recorded","x":"`, "\x00", "\x1b[2J\x1b]0;title\x07", "\u0085forged", "\u009b31m", "\u2028forged", "\u202egnp.exe", "\u2066\u2069", "\ufeff",
	"%s%d%!(NOVERB)", "{{.}}", "${jndi:ldap://x}", "'; DROP TABLE outcomes; --", "=1+1", "世界", "\U0001F600", "e\u0301",
	strings.Repeat("x", 5000), strings.Repeat("/", 300), "CON", "dt=2020-01-01", "rejected/dt=2020-01-01/x.json", " ", "\t", "~", "-",
}

// TestHostileTexts puts each hostile text into each text of an event, of an envelope and of a request:
// every line of the log stays one JSON object of ours, and every key stays below its prefix.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	vod := func(member string) func(string) string {
		return func(text string) string {
			m := map[string]any{"EventType": "ProduceMediaComplete", "EventTime": "2018-12-26T14:34:09Z", "Status": "fail", "MediaId": "m", "ProjectId": "p"}
			m[member] = text
			return encoded(m)
		}
	}
	ims := func(member string) func(string) string {
		return func(text string) string {
			body := map[string]any{"Status": "Success", "JobId": "j"}
			body[member] = text
			return encoded(map[string]any{"EventType": "ProduceMediaComplete", "EventTime": "2018-12-26T14:34:09Z", "UserId": text, "MessageBody": body})
		}
	}
	genuine := hostileEvent("1")
	fields := map[string]func(text string) string{
		"MNS MessageId": func(s string) string {
			return encoded(map[string]any{"TopicName": s, "Message": genuine, "MessageId": s})
		},
		"MNS Message":       func(s string) string { return encoded(map[string]any{"TopicName": "t", "Message": s}) },
		"queue messageId":   func(s string) string { return encoded(map[string]any{"messageId": s, "messageBody": genuine}) },
		"CloudEvent":        func(s string) string { return encoded(map[string]any{"specversion": s, "data": s}) },
		"payload":           func(s string) string { return s },
		"payload, a string": func(s string) string { return encoded(s) },
		"payload, an array": func(s string) string { return encoded([]any{s, map[string]any{s: s}}) },
		"member name":       func(s string) string { return encoded(map[string]any{"EventType": "ProduceMediaComplete", s: s}) },
		"HTTP body":         func(s string) string { return httpEvent(authentic(), encoded(s)) },
		"HTTP body, event":  func(s string) string { return httpEvent(authentic(), encoded(vod("MediaId")(s))) },
		"HTTP method":       func(s string) string { return strings.Replace(httpEvent("{}", `""`), `"POST"`, encoded(s), 1) },
		"HTTP path":         func(s string) string { return strings.Replace(httpEvent(authentic(), `""`), `"/cb"`, encoded(s), 1) },
		"HTTP domain": func(s string) string {
			return strings.Replace(httpEvent(authentic(), `""`), `"d.example"`, encoded(s), 1)
		},
		"HTTP header": func(s string) string {
			return httpEvent(`{"X-Vod-Timestamp":`+encoded(s)+`,`+encoded(s)+`:`+encoded(s)+`}`, `""`)
		},
		"HTTP bad signature": func(s string) string {
			return httpEvent(`{"X-Vod-Timestamp":"1519376050","X-Vod-Signature":`+encoded(s)+`}`, `""`)
		},
	}
	for _, member := range []string{"EventType", "EventTime", "Status", "MediaId", "ProjectId", "ErrorCode", "ErrorMessage", "Extend", "X"} {
		fields["VOD "+member] = vod(member)
	}
	for _, member := range []string{"Status", "JobId", "MediaId", "ProjectId", "MediaURL", "UserData", "ErrorCode", "ErrorMessage"} {
		fields["IMS "+member] = ims(member)
	}
	for name, payload := range fields {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, text := range hostileTexts {
				answer, store, log := deliver(t, nil, payload(text))
				var members map[string]json.RawMessage
				if err := json.Unmarshal([]byte(answer), &members); err != nil {
					t.Errorf("%q: the answer is no JSON: %s", text, answer)
				}
				lines := logLines(t, log)
				if len(lines) == 0 || len(lines) > 2 {
					t.Errorf("%q: %d lines: %s", text, len(lines), log)
				}
				for _, line := range lines {
					if string(line["request_id"]) != `"req-1"` || strings.ContainsAny(log, "\x00\r\x1b\x7f\u0085\u009b\u2028\u202e\u2066") {
						t.Errorf("%q: line %s", text, log)
					}
				}
				for key := range store {
					checkKey(t, key)
				}
			}
		})
	}
}

// encoded returns v as JSON, with U+2028 and its like as they are.
func encoded(v any) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

var keyForm = regexp.MustCompile(`^(ProduceMediaComplete/dt=\d{4}-\d\d-\d\d/([A-Za-z0-9_.~-]|%[0-9A-F]{2}){1,200}/\d{8}T\d{6}Z-(success|fail)-[0-9a-f]{12}|rejected/dt=\d{4}-\d\d-\d\d/[0-9a-f]{64})\.json$`)

// checkKey makes sure that key is of one of the two promised forms and stays where it belongs.
func checkKey(t testing.TB, key string) {
	t.Helper()
	if !keyForm.MatchString(key) || path.Clean(key) != key || !filepath.IsLocal(key) || len(key) > 510 {
		t.Errorf("key %q", key)
	}
}

// TestDistinctIDsHaveDistinctKeys checks that no identifier reaches the record of another.
func TestDistinctIDsHaveDistinctKeys(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, id := range append(hostileTexts, "A", "a", "%2F", "a%2Fb", "%252e", "m", "é", "e\u0301", "m ", " m") {
		_, store, _ := deliver(t, nil, encoded(map[string]any{
			"EventType": "ProduceMediaComplete", "EventTime": "2018-12-26T14:34:09Z", "Status": "fail", "MediaId": id, "ProjectId": "p",
		}))
		for key := range store {
			medium, _, _ := strings.Cut(strings.TrimPrefix(key, "ProduceMediaComplete/dt=2018-12-26/"), "/")
			if before, taken := seen[medium]; taken && before != id && !strings.HasPrefix(key, "rejected/") {
				t.Errorf("%q and %q lie in %s", before, id, medium)
			}
			seen[medium] = id
		}
	}
	if len(seen) < 40 {
		t.Errorf("only %d IDs were looked at", len(seen))
	}
}

// crowd is a Recorder that holds its callers until as many as may be are there, and notes how many came.
type crowd struct {
	inside, most atomic.Int64
	closed       atomic.Bool
	full         chan struct{}
}

func (c *crowd) Record(context.Context, record.Entry) (record.Result, error) {
	n := c.inside.Add(1)
	defer c.inside.Add(-1)
	for most := c.most.Load(); n > most && !c.most.CompareAndSwap(most, n); most = c.most.Load() {
	}
	if n == record.MaxInFlight && c.closed.CompareAndSwap(false, true) {
		close(c.full)
	}
	<-c.full
	return record.Recorded, nil
}

// TestBatchIsBounded checks that a large batch is not worked on all at once.
func TestBatchIsBounded(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	h := newHandler(t, map[string]string{"LOG_LEVEL": "error"}, &log)
	c := &crowd{full: make(chan struct{})}
	h.Recorder = c
	// Exactly twice as many as there is room for: the first come together, the others pass one by one.
	payload := "[" + strings.TrimSuffix(strings.Repeat(hostileEvent("1")+",", 2*record.MaxInFlight), ",") + "]"
	answer, err := h.Invoke(invocationContext(t.Context()), []byte(payload))
	if err != nil || !strings.Contains(string(answer), `"recorded":512`) || c.most.Load() != record.MaxInFlight {
		t.Errorf("%s, %v; %d at a time, want %d", answer, err, c.most.Load(), record.MaxInFlight)
	}
}
