package outcome_test

import (
	"encoding/json"
	"errors"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/outcome"
	"github.com/vod-callback/recorder/internal/test/eventtest"
)

var facts = outcome.Facts{
	Trigger: "mns_queue", MessageID: "M1", RequestID: "R1", AccountID: "123", Region: "cn-shanghai",
	ReceivedAt: "2026-11-22T00:00:00.005Z",
}

// everything is RECORD_EVENTS=*.
var everything = events.Selection{events.AllTypes}

func newOutcome(t testing.TB, raw []byte) outcome.Outcome {
	t.Helper()
	event, err := events.Parse(raw, everything)
	if err != nil {
		t.Fatal(err)
	}
	o, err := outcome.New(event, raw, facts)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestKeyVectors(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"vod-success.json": "ProduceMediaComplete/dt=2018-12-26/1234343b689%2A%2A%2A%2A%2Aa5422dfe1e472a41/20181226T143409Z-success-0929cc80bd73.json",
		"vod-fail.json":    "ProduceMediaComplete/dt=2018-12-26/1234343b689%2A%2A%2A%2A%2Aa5422dfe1e472a41/20181226T143409Z-fail-304fc3d62bc1.json",
	} {
		if key, err := newOutcome(t, eventtest.Sample(t, name)).Key(); err != nil || key != want {
			t.Errorf("%s: key %s, %v; want %s", name, key, err, want)
		}
	}
}

// TestKeyOfOtherTypes has what other types than ProduceMediaComplete may lack.
func TestKeyOfOtherTypes(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`"VideoId":"v","Status":"Succeed"`: "v/20170320T074917Z-success-",
		`"TaskId":7,"Status":"Finished"`:   "7/20170320T074917Z-none-",
		`"X":1`:                            "-/20170320T074917Z-none-",
	} {
		o := newOutcome(t, []byte(`{"EventType":"FileUploadComplete","EventTime":"2017-03-20T07:49:17:025Z",`+raw+`}`))
		key, err := o.Key()
		if err != nil || !strings.HasPrefix(key, "FileUploadComplete/dt=2017-03-20/"+want) {
			t.Errorf("%s: key %s, %v; want …/%s", raw, key, err, want)
		}
	}
}

func TestLine(t *testing.T) {
	t.Parallel()
	got, err := newOutcome(t, []byte(`{ "EventType":"ProduceMediaComplete", "UserId": 9007199254740993, "EventTime":"2024-09-18T15:12:45.500+08:00",
		"MessageBody":{"Status":"Fail","JobId":"j<1>","ErrorCode":"E & F","X":1.50} }`)).Line()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"schema_version":1,"event_type":"ProduceMediaComplete","event_time":"2024-09-18T07:12:45.5Z","status":"fail",` +
		`"error_code":"E & F","job_id":"j<1>","user_id":"9007199254740993","producer":"ims","trigger":"mns_queue",` +
		`"message_id":"M1","request_id":"R1","account_id":"123","region":"cn-shanghai","received_at":"2026-11-22T00:00:00.005Z",` +
		`"raw":{"EventType":"ProduceMediaComplete","UserId":9007199254740993,"EventTime":"2024-09-18T15:12:45.500+08:00",` +
		`"MessageBody":{"Status":"Fail","JobId":"j<1>","ErrorCode":"E & F","X":1.50}}}` + "\n"
	if string(got) != want {
		t.Errorf("Line =\n%swant\n%s", got, want)
	}
}

func TestRespellingKeepsTheKey(t *testing.T) {
	t.Parallel()
	want, err := newOutcome(t, eventtest.Sample(t, "vod-success.json")).Key()
	if err != nil {
		t.Fatal(err)
	}
	for _, raw := range []string{
		`{"EventTime":"2018-12-26T14:34:09Z","EventType":"ProduceMediaComplete","MediaId":"1234343b689*****a5422dfe1e472a41","ProjectId":"987624bab6*****d9fcdeefdd974c7aa","Status":"success"}`,
		`{"Status":"\u0073uccess","MediaId":"1234343b689\u002a****a5422dfe1e472a41","ProjectId":"987624bab6*****d9fcdeefdd974c7aa","\u0045ventType":"ProduceMediaComplete","EventTime":"2018-12-26T14:34:09Z"}`,
	} {
		if key, err := newOutcome(t, []byte(raw)).Key(); err != nil || key != want {
			t.Errorf("key %s, %v; want %s", key, err, want)
		}
	}
}

func TestKeyOfAStoredRecord(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"vod-fail.json", "ims-success.json"} {
		o := newOutcome(t, eventtest.Sample(t, name))
		want, err := o.Key()
		if err != nil {
			t.Fatal(err)
		}
		line, err := o.Line()
		if err != nil {
			t.Fatal(err)
		}
		var stored outcome.Outcome
		if err := json.Unmarshal(line, &stored); err != nil {
			t.Fatal(err)
		}
		if key, err := stored.Key(); err != nil || key != want {
			t.Errorf("%s: key of the stored record %s, %v; want %s", name, key, err, want)
		}
		again, err := stored.Line()
		if err != nil || string(again) != string(line) {
			t.Errorf("%s: the stored record reads back as %s, %v", name, again, err)
		}
	}
}

// event returns a VOD event with the media ID id.
func event(t testing.TB, id string) []byte {
	t.Helper()
	raw, err := json.Marshal(map[string]string{
		"EventType": "ProduceMediaComplete", "EventTime": "2018-12-26T14:34:09Z", "Status": "success", "ProjectId": "p", "MediaId": id,
	})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestMediaInKey(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"AZaz09-_.~": "AZaz09-_.~",
		".":          "%2E",
		"..":         "%2E%2E",
		"...":        "...",
		"../../etc":  "..%2F..%2Fetc",
		"%2e":        "%252e",
		"a b\n\x00":  "a%20b%0A%00",
		"é\u202e":    "%C3%A9%E2%80%AE",
		`\`:          "%5C",
	} {
		key, err := newOutcome(t, event(t, id)).Key()
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Split(key, "/")[2]; got != want {
			t.Errorf("MEDIA of %q = %s, want %s", id, got, want)
		}
	}
}

func TestLongMedia(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		id string
		ok bool
	}{
		{strings.Repeat("a", 200), true},
		{strings.Repeat("a", 201), false},
		{strings.Repeat("*", 66) + "aa", true},
		{strings.Repeat("*", 67), false},
	} {
		raw := event(t, tt.id)
		parsed, err := events.Parse(raw, everything)
		if err != nil {
			t.Fatal(err)
		}
		_, err = outcome.New(parsed, raw, facts)
		fe, isField := errors.AsType[*events.FieldError](err)
		if (err == nil) != tt.ok || (err != nil && (!isField || fe.Member != "MediaId")) {
			t.Errorf("New with an ID of %d bytes: %v; want success %v", len(tt.id), err, tt.ok)
		}
	}
}

func TestRejected(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		kept, line, key string
	}{
		{
			"", `{"reason":"why","trigger":"mns_queue","message_id":"M1","request_id":"R1","received_at":"2026-11-22T00:00:00.005Z","payload":""}` + "\n",
			"rejected/dt=2026-11-22/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.json",
		},
		{
			"<a>\n", `{"reason":"why","trigger":"mns_queue","message_id":"M1","request_id":"R1","received_at":"2026-11-22T00:00:00.005Z","payload":"<a>\n"}` + "\n",
			"rejected/dt=2026-11-22/fdca65e41ee4fb37ef9a8bd1ea74ff80175621c294e4c134071dcaef452cfe76.json",
		},
		{
			"\xff", `{"reason":"why","trigger":"mns_queue","message_id":"M1","request_id":"R1","received_at":"2026-11-22T00:00:00.005Z","payload_base64":"/w=="}` + "\n",
			"rejected/dt=2026-11-22/a8100ae6aa1940d0b663bb31cd466142ebbdbd5187131b92d93818987832eb89.json",
		},
	} {
		r := outcome.NewRejected("why", []byte(tt.kept), facts)
		entry, err := r.Entry()
		line := entry.Body
		if err != nil || string(line) != tt.line {
			t.Errorf("Line of %q = %s, %v; want %s", tt.kept, line, err, tt.line)
		}
		key, err := r.Key()
		if err != nil || key != tt.key {
			t.Errorf("Key of %q = %s, %v; want %s", tt.kept, key, err, tt.key)
		}
		var stored outcome.Rejected
		if err := json.Unmarshal(line, &stored); err != nil {
			t.Fatal(err)
		}
		if kept, err := stored.Kept(); err != nil || string(kept) != tt.kept {
			t.Errorf("Kept = %q, %v; want %q", kept, err, tt.kept)
		}
	}
	for _, broken := range []outcome.Rejected{{}, {ReceivedAt: "2026-11-22T00:00:00Z"}, {PayloadBase64: new("%")}, {Payload: new("")}} {
		if key, err := broken.Key(); err == nil {
			t.Errorf("Key of %+v = %s, want an error", broken, key)
		}
	}
}

// FuzzKey checks that whatever identifiers say, a key is a clean path below its day, and that distinct
// identifiers have distinct ones.
func FuzzKey(f *testing.F) {
	for _, id := range []string{"m", "..", "%2E", "a/b", "é", "\x00\n"} {
		f.Add(id, "m")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		keyOf := func(id string) string {
			raw, err := json.Marshal(map[string]string{
				"EventType": "ProduceMediaComplete", "EventTime": "2018-12-26T14:34:09Z", "Status": "success", "ProjectId": "p", "MediaId": id,
			})
			if err != nil {
				t.Skip()
			}
			parsed, err := events.Parse(raw, everything)
			if err != nil {
				t.Skip()
			}
			o, err := outcome.New(parsed, raw, facts)
			if err != nil {
				t.Skip()
			}
			key, err := o.Key()
			if err != nil {
				t.Fatal(err)
			}
			return key
		}
		keyA, keyB := keyOf(a), keyOf(b)
		for _, key := range []string{keyA, keyB} {
			if path.Clean(key) != key || !strings.HasPrefix(key, "ProduceMediaComplete/dt=2018-12-26/") ||
				strings.Count(key, "/") != 3 || !filepath.IsLocal(key) || len(key) > 300 {
				t.Fatalf("key %q", key)
			}
		}
		mediaA, mediaB := strings.Split(keyA, "/")[2], strings.Split(keyB, "/")[2]
		if valid(a) && valid(b) && (a == b) != (mediaA == mediaB) {
			t.Fatalf("IDs %q and %q: %s and %s", a, b, mediaA, mediaB)
		}
	})
}

// valid says whether json.Marshal keeps s as it is.
func valid(s string) bool { return strings.ToValidUTF8(s, "") == s }

// FuzzDigest checks that respelling an event keeps its digest.
func FuzzDigest(f *testing.F) {
	f.Add([]byte(`{"b":1,"a":"x"}`))
	f.Add(eventtest.Sample(f, "ims-success.json"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		want, err := outcome.Digest(raw)
		if err != nil {
			if want != "" {
				t.Fatalf("error %v comes with %q", err, want)
			}
			t.Skip()
		}
		var v any
		dec := json.NewDecoder(strings.NewReader(string(raw)))
		dec.UseNumber()
		if err := dec.Decode(&v); err != nil {
			t.Skip()
		}
		respelt, err := json.MarshalIndent(v, " ", "\t") // other spacing, order and escapes
		if err != nil {
			t.Skip()
		}
		if got, err := outcome.Digest(respelt); err != nil || got != want {
			t.Fatalf("digest of %s = %s, %v; want %s as of %s", respelt, got, err, want, raw)
		}
	})
}
