package trigger_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/vod-callback/recorder/internal/jsonx"
	"github.com/vod-callback/recorder/internal/test/eventtest"
	"github.com/vod-callback/recorder/internal/trigger"
)

const event = `{"EventType":"E"}`

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// quoted returns s as a JSON string.
func quoted(s string) string {
	q, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(q)
}

// nested returns s as a JSON string in a JSON string, n times.
func nested(s string, n int) string {
	for range n {
		s = quoted(s)
	}
	return s
}

func TestReadMessages(t *testing.T) {
	t.Parallel()
	const (
		noForm = "no known form"
		inside = "inside an array or a string"
	)
	type want struct {
		kind           trigger.Kind
		id, body, kept string
		reason         string // a part of it
	}
	direct := want{kind: trigger.Direct, body: event, kept: event}
	queue := want{kind: trigger.MNSQueue, id: "q", body: event, kept: event}
	topic := want{kind: trigger.MNSTopic, id: "t", body: event, kept: event}
	cloudEvent := func(body string) string {
		return `{"specversion":"1.0","data":{"messageId":"q","messageBody":` + body + `}}`
	}
	topicJSON := func(message string) string {
		return `{"TopicName":"n","MessageId":"t","Message":` + message + `,"PublishTime":1545834849000}`
	}
	httpEvent := `{"rawPath":"/","headers":{"X-Vod-Signature":"5ec3e7"},"body":"b","requestContext":{}}`
	httpKept := `{"rawPath":"/","headers":"[removed]","body":"b","requestContext":{}}`
	unsigned := strings.Replace(httpEvent, "5ec3e7", "******", 1)
	unknown := func(kind trigger.Kind, kept string) want { return want{kind: kind, kept: kept, reason: noForm} }
	for _, tt := range []struct {
		name, payload string
		want          []want
	}{
		{"row 1", topicJSON(quoted(event)), []want{topic}},
		{"row 1, Base64", topicJSON(quoted(b64(event))), []want{{kind: trigger.MNSTopic, id: "t", body: event, kept: b64(event)}}},
		{"row 1, object", topicJSON(event), []want{topic}},
		{"row 1, number", topicJSON(`5`), []want{{kind: trigger.MNSTopic, id: "t", body: "5", kept: "5"}}},
		{"row 1, text", topicJSON(`"x"`), []want{{kind: trigger.MNSTopic, id: "t", body: "x", kept: "x"}}},
		{"row 1 before 2", `{"headers":{},` + topicJSON(quoted(event))[1:], []want{topic}},
		{"row 1, attributes of other rows", `{"specversion":1,"data":2,"body":3,"attrs":4,` + topicJSON(quoted(event))[1:], []want{topic}},
		{"row 1, ambiguous", `{"Message":"a",` + topicJSON(`"b"`)[1:], []want{{kind: trigger.MNSTopic, kept: `{"Message":"a",` + topicJSON(`"b"`)[1:], reason: "the delivery repeats the member Message"}}},
		{"row 3", cloudEvent(quoted(event)), []want{queue}},
		{"row 3, Base64", cloudEvent(quoted(b64(event))), []want{{kind: trigger.MNSQueue, id: "q", body: event, kept: b64(event)}}},
		{"row 3, object", cloudEvent(event), []want{queue}},
		{"row 3, raw data", `{"messageId":"q","messageBody":` + quoted(event) + `}`, []want{queue}},
		{"row 3, without message", `{"specversion":"1.0","data":{}}`, []want{{kind: trigger.MNSQueue, kept: `{"specversion":"1.0","data":{}}`, reason: "without data.messageBody"}}},
		{"row 3 before 4", `{"body":"x","attrs":{},` + cloudEvent(event)[1:], []want{queue}},
		{"row 3, numeric ID", `{"messageId":12,"messageBody":` + event + `}`, []want{{kind: trigger.MNSQueue, id: "12", body: event, kept: event}}},
		{"row 4", `{"body":` + quoted(event) + `,"attrs":{"a":"b"}}`, []want{{kind: trigger.MNSTopic, body: event, kept: event}}},
		{"row 4, Base64", `{"body":` + quoted(b64(event)) + `,"attrs":{}}`, []want{{kind: trigger.MNSTopic, body: event, kept: b64(event)}}},
		{"row 4 before 5", `{"EventType":"x","body":` + quoted(event) + `,"attrs":null}`, []want{{kind: trigger.MNSTopic, body: event, kept: event}}},
		{"row 5", event, []want{direct}},
		{"row 5, blanks kept", " " + event + "\n", []want{{kind: trigger.Direct, body: " " + event + "\n", kept: " " + event + "\n"}}},
		{"row 5, body alone is none of ours", `{"EventType":"E","body":"x"}`, []want{{kind: trigger.Direct, body: `{"EventType":"E","body":"x"}`, kept: `{"EventType":"E","body":"x"}`}}},
		{"row 6, empty", `[]`, []want{}},
		{"row 6, objects", `[` + cloudEvent(event) + `, ` + event + `,` + topicJSON(event) + `]`, []want{queue, direct, topic}},
		{"row 6, strings", `[` + quoted(cloudEvent(quoted(event))) + `,` + quoted(event) + `]`, []want{queue, direct}},
		{"row 6, array inside", `[[` + event + `]]`, []want{unknown(trigger.MNSQueue, `[`+event+`]`)}},
		{"row 6, others", `[5,null,"x",{}]`, []want{unknown(trigger.MNSQueue, "5"), unknown(trigger.MNSQueue, "null"), unknown(trigger.MNSQueue, `"x"`), unknown(trigger.MNSQueue, "{}")}},
		{"row 6, HTTP", `[` + httpEvent + `]`, []want{{kind: trigger.MNSQueue, kept: httpKept, reason: inside}}},
		{"row 6, HTTP in a string", `[` + quoted(httpEvent) + `]`, []want{{kind: trigger.MNSQueue, kept: httpKept, reason: inside}}},
		{"row 6, HTTP in an array", `[[` + httpEvent + `]]`, []want{unknown(trigger.MNSQueue, "["+unsigned+"]")}},
		{"row 7, string", quoted(event), []want{direct}},
		{"row 7, Base64", b64(event) + "\n", []want{direct}},
		{"row 7, string of a batch", quoted(`[` + cloudEvent(event) + `]`), []want{queue}},
		{"row 7, Base64 of a batch", b64(`[` + cloudEvent(event) + `]`), []want{queue}},
		{"row 7, string of a topic message", quoted(topicJSON(event)), []want{topic}},
		{"row 7, twice", quoted(quoted(event)), []want{unknown(trigger.Direct, quoted(quoted(event)))}},
		{"row 7, Base64 in a string", quoted(b64(event)), []want{unknown(trigger.Direct, quoted(b64(event)))}},
		{"row 7, HTTP", quoted(httpEvent), []want{{kind: trigger.Direct, kept: httpKept, reason: inside}}},
		{"row 7, HTTP in Base64", b64(httpEvent), []want{{kind: trigger.Direct, kept: httpKept, reason: inside}}},
		{"row 7, HTTP twice in strings", quoted(quoted(httpEvent)), []want{unknown(trigger.Direct, quoted(quoted(unsigned)))}},
		{"row 1, HTTP in it", topicJSON(quoted(httpEvent)), []want{{kind: trigger.MNSTopic, id: "t", body: httpEvent, kept: httpKept}}},
		{"row 3, HTTP in it", cloudEvent(httpEvent), []want{{kind: trigger.MNSQueue, id: "q", body: httpEvent, kept: httpKept}}},
		{"row 1, HTTP in Base64 in it", topicJSON(quoted(b64(httpEvent))), []want{{kind: trigger.MNSTopic, id: "t", body: httpEvent, kept: b64(httpKept)}}},
		{"row 6, HTTP that looks like an event", `[{"headers":{},"EventType":"E"}]`, []want{{kind: trigger.MNSQueue, kept: `{"headers":"[removed]","EventType":"E"}`, reason: inside}}},
		{"row 6, too long", `[` + strings.Repeat("1,", trigger.MaxBatch) + `1]`, []want{unknown(trigger.Direct, `[`+strings.Repeat("1,", trigger.MaxBatch)+`1]`)}},
		{"row 8, broken HTTP", httpEvent[:60], []want{unknown(trigger.Direct, strings.Replace(httpEvent[:60], "5ec3e7", "******", 1))}},
		{"row 8, HTTP in an object", `{"event":` + httpEvent + `}`, []want{unknown(trigger.Direct, `{"event":`+strings.Replace(httpEvent, "5ec3e7", "******", 1)+`}`)}},
		{"row 8, HTTP in too many strings", nested(httpEvent, 11), []want{unknown(trigger.Direct, strings.Replace(nested(httpEvent, 11), "5ec3e7", "******", 1))}},
		{"row 8, a list of headers", `{"h":[{"name":"x-vod-signature", "value":"abc0"}]}`, []want{unknown(trigger.Direct, `{"h":[{"name":"x-vod-signature", "value":"****"}]}`)}},
		{"row 8, names of headers", "x-vod-signaturex-ice-signature: ", []want{unknown(trigger.Direct, "x-vod-signaturex-ice-signature: ")}},
		{"row 8, nothing", "", []want{unknown(trigger.Direct, "")}},
		{"row 8, text", "hello", []want{unknown(trigger.Direct, "hello")}},
		{"row 8, number", "12345678", []want{unknown(trigger.Direct, "12345678")}},
		{"row 8, other object", `{"eventType":"E"}`, []want{unknown(trigger.Direct, `{"eventType":"E"}`)}},
		{"row 8, truncated", `{"EventType":"E"`, []want{unknown(trigger.Direct, `{"EventType":"E"`)}},
		{"row 8, two values", event + event, []want{unknown(trigger.Direct, event+event)}},
		{"row 8, bytes", "\xff\xfe", []want{unknown(trigger.Direct, "\xff\xfe")}},
		{"invalid UTF-8 stays as spelled", `{"messageBody":"` + "\xff" + `"}`, []want{{kind: trigger.MNSQueue, body: "\"\xff\"", kept: "\"\xff\""}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := trigger.Read([]byte(tt.payload))
			if d.Request != nil || len(d.Messages) != len(tt.want) {
				t.Fatalf("Read = %+v, want %d messages", d, len(tt.want))
			}
			for i, m := range d.Messages {
				w := tt.want[i]
				if m.Trigger != w.kind || m.ID != w.id || string(m.Body) != w.body || string(m.Kept()) != w.kept ||
					!strings.Contains(m.Reason, w.reason) || (m.Reason == "") != (w.reason == "") {
					t.Errorf("message %d: %s %q body %s kept %s reason %q\nwant %+v", i, m.Trigger, m.ID, m.Body, m.Kept(), m.Reason, w)
				}
			}
		})
	}
}

// TestAgain checks that what was refused as an HTTP request stays refused however it is kept.
func TestAgain(t *testing.T) {
	t.Parallel()
	for _, http := range []string{
		`{"headers":{},"EventType":"E"}`, `{"requestContext":{},"EventType":"E"}`, `{"headers":{"X-Vod-Signature":"abc"},"messageBody":"{}"}`,
	} {
		for _, payload := range []string{"[" + http + "]", "[" + quoted(http) + "]", quoted(http), b64(http), b64("[" + http + "]")} {
			for _, m := range trigger.Read([]byte(payload)).Messages {
				kept := m.Kept()
				for _, again := range trigger.Again(m.Trigger, kept) {
					if again.Reason == "" {
						t.Errorf("%s is kept as %s, which reads as %+v", payload, kept, again)
					}
				}
			}
		}
	}
	for kind, kept := range map[trigger.Kind]string{trigger.HTTP: event, trigger.MNSTopic: b64(event), trigger.MNSQueue: quoted(event), trigger.Direct: event} {
		if again := trigger.Again(kind, []byte(kept)); len(again) != 1 || again[0].Reason != "" {
			t.Errorf("Again(%s, %s) = %+v, want the event", kind, kept, again)
		}
	}
}

func TestReadHTTP(t *testing.T) {
	t.Parallel()
	for _, payload := range []string{
		`{"headers":{}}`,
		`{"requestContext":null}`,
		`{"requestContext":{},"specversion":"1.0","data":{"messageBody":"x"},"EventType":"ProduceMediaComplete"}`,
		`{"headers":5,"body":"x","attrs":{}}`,
		`{"headers":{},"headers":{},"a":"` + "\xff" + `"}`,
	} {
		if d := trigger.Read([]byte(payload)); d.Request == nil || len(d.Messages) > 0 {
			t.Errorf("Read(%s) = %+v, want a request", payload, d)
		}
	}
	r := trigger.Read([]byte(`{"version":"v1","rawPath":"/a%20b","body":"eA==","isBase64Encoded":true,
		"headers":{"x-vod-timestamp":"1","X-VOD-TIMESTAMP":"2","A":5},
		"requestContext":{"domainName":"d.example","http":{"method":"POST","path":"/a b"}}}`)).Request
	if r.Method != http.MethodPost || r.RawPath != "/a%20b" || r.DomainName != "d.example" || r.Repeated != "" {
		t.Errorf("request %+v", r)
	}
	for _, method := range []string{"GET", "post", ""} {
		r := trigger.Read([]byte(`{"requestContext":{"http":{"method":"` + method + `"}}}`)).Request
		if r.Method != method {
			t.Errorf("the method %q is read as %q", method, r.Method)
		}
	}
	if got := r.Values("X-Vod-Timestamp"); !slices.Equal(got, []string{"1", "2"}) {
		t.Errorf("the two spellings of a header give %q", got)
	}
	if body, err := r.Body(9); err != nil || string(body) != "x" {
		t.Errorf("body %q, %v", body, err)
	}
}

func TestRequestBody(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, members, body string
		fails               bool
	}{
		{"text", `"body":"x"`, "x", false},
		{"absent", `"version":"v1"`, "", false},
		{"null", `"body":null`, "", false},
		{"object", `"body":{"a":1}`, `{"a":1}`, true},
		{"Base64", `"body":"eA==","isBase64Encoded":true`, "x", false},
		{"not Base64", `"body":"{}","isBase64Encoded":true`, "{}", true},
		{"flag says no", `"body":"eA==","isBase64Encoded":false`, "eA==", false},
		{"lone surrogate", `"body":"\ud800"`, `"\ud800"`, false},
	} {
		r := trigger.Read([]byte(`{"headers":{},` + tt.members + `}`)).Request
		if body, err := r.Body(9); string(body) != tt.body || (err != nil) != tt.fails {
			t.Errorf("%s: Body = %q, %v; want %q, failure %v", tt.name, body, err, tt.body, tt.fails)
		}
	}
}

func TestBodyTooLarge(t *testing.T) {
	t.Parallel()
	escaped := func(n int) string { return strings.Repeat(`\u0078`, n) }
	for _, tt := range []struct {
		name, members string
		fits          bool
	}{
		{"as many as asked for", `"body":"123456789"`, true},
		{"one more", `"body":"1234567890"`, false},
		{"escaped", `"body":"` + escaped(9) + `"`, true},
		{"escaped, one more", `"body":"` + escaped(10) + `"`, false},
		{"Base64", `"body":"` + b64("123456789") + `","isBase64Encoded":true`, true},
		{"Base64, one more", `"body":"` + b64("1234567890") + `","isBase64Encoded":true`, false},
		{"Base64 in lines", `"body":"` + strings.Join(strings.Split(b64("123456789"), ""), `\r\n`) + `","isBase64Encoded":true`, true},
		{"not Base64, as sent", `"body":"!23456789","isBase64Encoded":true`, true},
		{"not Base64, one more", `"body":"!234567890","isBase64Encoded":true`, false},
		{"no string", `"body":[1,2,3,4]`, true},
		{"no string, one more", `"body":[1,2,3,45]`, false},
		{"beyond any spelling", `"body":"` + escaped(1000) + `"`, false},
	} {
		r := trigger.Read([]byte(`{"headers":{},` + tt.members + `}`)).Request
		if body, err := r.Body(9); errors.Is(err, trigger.ErrBodyTooLarge) == tt.fits || (body == nil) == tt.fits {
			t.Errorf("%s: Body = %q, %v; want that it fits %v", tt.name, body, err, tt.fits)
		}
	}
}

func TestRepeatedMembers(t *testing.T) {
	t.Parallel()
	for payload, want := range map[string]string{
		`{"headers":{},"body":"a","body":"b"}`:                                  "body",
		`{"requestContext":{},"requestContext":{}}`:                             "requestContext",
		`{"requestContext":{"http":{"method":"GET"},"http":{"method":"POST"}}}`: "requestContext",
		`{"requestContext":{"http":{"method":"GET","method":"POST"}}}`:          "requestContext",
		`{"requestContext":{"domainName":"a","domainName":"b"}}`:                "requestContext",
		`{"headers":{},"headers":{}}`:                                           "",
	} {
		if got := trigger.Read([]byte(payload)).Request.Repeated; got != want {
			t.Errorf("%s: repeated %q, want %q", payload, got, want)
		}
	}
}

func TestURLs(t *testing.T) {
	t.Parallel()
	for path, want := range map[string][]string{
		"/a%20b": {"https://d.example/a%20b", "http://d.example/a%20b"},
		"/":      {"https://d.example/", "http://d.example/", "https://d.example", "http://d.example"},
		"":       {"https://d.example", "http://d.example", "https://d.example/", "http://d.example/"},
	} {
		r := &trigger.Request{DomainName: "d.example", RawPath: path}
		if got := r.URLs(); !slices.Equal(got, want) {
			t.Errorf("URLs of %q = %q, want %q", path, got, want)
		}
	}
	if got := (&trigger.Request{RawPath: "/"}).URLs(); got != nil {
		t.Errorf("URLs without a domain = %q, want none", got)
	}
}

// FuzzRead checks that what looks like HTTP is a request or kept without its headers, and that member
// order decides nothing.
func FuzzRead(f *testing.F) {
	eventtest.Seed(f)
	f.Fuzz(func(t *testing.T, payload []byte) {
		d := trigger.Read(payload)
		var object map[string]json.RawMessage
		if json.Unmarshal(payload, &object) != nil || object == nil {
			return
		}
		_, hasHeaders := object["headers"]
		_, hasContext := object["requestContext"]
		_, hasTopic := object["TopicName"]
		_, hasMessage := object["Message"]
		if http := hasHeaders || hasContext; http != (d.Request != nil) && (!hasTopic || !hasMessage) {
			t.Fatalf("%s: HTTP %v, read as %+v", payload, http, d)
		}
		if d.Request != nil || len(d.Messages) != 1 || d.Messages[0].Reason != "" || d.Messages[0].Trigger == trigger.Direct {
			return
		}
		if _, err := jsonx.Strict(payload); err != nil {
			return // text that is not Unicode stays as spelled, and another spelling is another text
		}
		sorted, err := json.Marshal(object) // members in the order of their names
		if err != nil {
			t.Skip()
		}
		if again := trigger.Read(sorted); !sameMessage(again, d) {
			t.Fatalf("%s\nreads as %+v, in another order as %+v", payload, d, again)
		}
	})
}

// sameMessage compares what does not depend on the spelling of the text.
func sameMessage(a, b trigger.Delivery) bool {
	kinds := func(d trigger.Delivery) (k [][2]string) {
		for _, m := range d.Messages {
			k = append(k, [2]string{string(m.Trigger), strings.ToValidUTF8(m.ID, "\ufffd")})
		}
		return k
	}
	return (a.Request == nil) == (b.Request == nil) && reflect.DeepEqual(kinds(a), kinds(b))
}
