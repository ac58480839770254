package replay_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vod-callback/recorder/cmd/vodctl/internal/replay"
	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/funclog"
	"github.com/vod-callback/recorder/internal/local/sample"
	"github.com/vod-callback/recorder/internal/outcome"
	"github.com/vod-callback/recorder/internal/record"
	"github.com/vod-callback/recorder/internal/store"
)

// edits is the default of RECORD_EVENTS.
var edits = events.Selection{events.TypeProduceMediaComplete}

var received = time.Date(2026, 11, 22, 10, 30, 0, 0, time.UTC)

// facts are those of every entry here.
var facts = outcome.Facts{Trigger: "mns_topic", MessageID: "M1", RequestID: "req-1", AccountID: "1", Region: "cn-shanghai", ReceivedAt: received.Format(outcome.TimeFormat)}

func outcomeEntry(tb testing.TB, e sample.Event) record.Entry {
	tb.Helper()
	raw := e.JSON()
	event, err := events.Parse(raw, edits)
	if err != nil {
		tb.Fatal(err)
	}
	o, err := outcome.New(event, raw, facts)
	if err != nil {
		tb.Fatal(err)
	}
	return entry(tb, o)
}

func rejectedEntry(tb testing.TB, kept string) record.Entry {
	tb.Helper()
	return entry(tb, outcome.NewRejected(`event: found "x", want one JSON object`, []byte(kept), facts))
}

func entry(tb testing.TB, of interface{ Entry() (record.Entry, error) }) record.Entry {
	tb.Helper()
	e, err := of.Entry()
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

// textLine is how the function writes a line with attrs.
func textLine(msg string, attrs ...slog.Attr) string {
	var b bytes.Buffer
	log := funclog.New(&b, slog.LevelDebug, func() time.Time { return received })
	_ = log.Keep(slog.LevelError, msg, facts.RequestID, attrs...)
	return strings.TrimSuffix(b.String(), "\n")
}

// logLine is how the function writes e.
func logLine(msg string, e record.Entry) string {
	attrs := []slog.Attr{slog.Any("outcome", json.RawMessage(e.Body))}
	var r outcome.Rejected
	if strings.HasPrefix(e.Key, outcome.RejectedRoot+"/") {
		if err := json.Unmarshal(e.Body, &r); err != nil {
			panic(err)
		}
		attrs = []slog.Attr{slog.String("reason", r.Reason), slog.String("trigger", r.Trigger), slog.String("message_id", r.MessageID), slog.String("received_at", r.ReceivedAt)}
		if r.Payload != nil {
			attrs = append(attrs, slog.String("payload", *r.Payload))
		}
		if r.PayloadBase64 != nil {
			attrs = append(attrs, slog.String("payload_base64", *r.PayloadBase64))
		}
	}
	return textLine(msg, append(attrs, slog.String("error", "oss put b/k: 503"))...)
}

// memory is a Recorder that keeps bodies by key.
type memory struct {
	mu   sync.Mutex
	kept map[string]string
	err  error
}

func (m *memory) Record(_ context.Context, e record.Entry) (record.Result, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, taken := m.kept[e.Key]; taken {
		return record.Duplicate, nil
	}
	if m.err != nil {
		return 0, m.err
	}
	if m.kept == nil {
		m.kept = map[string]string{}
	}
	m.kept[e.Key] = string(e.Body)
	return record.Recorded, nil
}

// run replays items and returns what was said of them.
func run(ctx context.Context, items iter.Seq[replay.Item], to record.Recorder) (replay.Summary, []string) {
	var words []string
	s := replay.Run(ctx, items, replay.Options{
		To: to, Concurrency: 4, Timeout: 10 * time.Second,
		Each: func(r replay.Report, _ replay.Summary) {
			if r.Err != nil {
				words = append(words, r.Where+": "+r.Err.Error())
			}
		},
	})
	slices.Sort(words)
	return s, words
}

func quote(s string) string {
	q, _ := json.Marshal(s)
	return string(q)
}

func TestLogForms(t *testing.T) {
	t.Parallel()
	a := outcomeEntry(t, sample.Event{Status: events.Fail, MediaID: "m,1"})
	b := rejectedEntry(t, "no \"event\"\n\x00")
	c := rejectedEntry(t, "\xff\xfe")
	la, lb, lc := logLine(funclog.Unrecorded, a), logLine(funclog.Unrecorded, b), logLine(funclog.Unrecorded, c)
	csvQuote := func(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
	noise := "FC Invoke Start RequestId: req-1\n" + `{"time":"x","level":"INFO","msg":"recorded","request_id":"unrecorded"}` + "\n\n"
	for name, log := range map[string]string{
		"lines":           noise + la + "\r\n" + lb + "\n" + noise + lc,
		"byte order mark": "\uFEFF" + la + "\n" + lb + "\n" + lc + "\n",
		"prefixes":        "2026-11-22 10:30:00 req-1 " + la + "\n[ERROR] " + lb + "\n" + lc,
		"killed writer":   `{"time":"2026-11-22T10:30:00Z","level":"INFO","msg":"recorded","reque` + la + "\n" + lb + "\n" + lc,
		"SLS lines":       fmt.Sprintf(`{"message":%s,"__time__":1}`+"\n"+`{"functionName":"f","message":%s}`+"\n"+`{"message":%s}`, quote(la), quote(lb+"\n"), quote(lc)),
		"SLS joined":      fmt.Sprintf(`{"message":%s}`, quote(noise+la+"\n"+lb+"\r\n"+lc)),
		"SLS parsed":      fmt.Sprintf(`{"message":%s}`+"\n"+`{"message":%s}`+"\n"+`{"message":%s}`, la, lb, lc),
		"SLS array":       fmt.Sprintf("\n [\n{\"message\":%s},\n{\"message\":\"x\"}, {\"message\":%s},\n%s\n]\n", quote(la), quote(lb), lc),
		"SLS CSV":         "__time__,message,\"x\"\n1," + csvQuote(la) + ",y\n1,FC Invoke,y\n1," + csvQuote(lb+"\n"+lc) + ",\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			to := &memory{}
			for i := range 2 {
				s, words := run(t.Context(), replay.Log(strings.NewReader(log), "log", false), to)
				if !s.Complete() || s.Count(replay.Recorded) != 3*(1-i) || s.Count(replay.Duplicate) != 3*i || len(words) != 0 {
					t.Fatalf("run %d: %+v, %q", i, s, words)
				}
			}
			for _, e := range []record.Entry{a, b, c} {
				if to.kept[e.Key] != string(e.Body) {
					t.Errorf("%s is %q, want %q", e.Key, to.kept[e.Key], e.Body)
				}
			}
		})
	}
}

func TestLogChecks(t *testing.T) {
	t.Parallel()
	good := logLine(funclog.Unrecorded, outcomeEntry(t, sample.Event{Status: events.Fail, MediaID: "m1", ProjectID: "p1"}))
	rejected := logLine(funclog.Unrecorded, rejectedEntry(t, "x"))
	change := func(line, old, with string) string {
		if !strings.Contains(line, old) {
			t.Fatalf("%s has no %s", line, old)
		}
		return strings.Replace(line, old, with, 1)
	}
	lines := []string{ // each but the last is not understood
		change(good, `"schema_version":1`, `"schema_version":2`),
		change(good, `"schema_version":1`, `"schema_version":"1"`),
		change(good, `"status":"fail"`, `"status":"success"`),
		change(good, `"media_id":"m1"`, `"media_id":"m2"`),
		change(good, `"media_id":"m1",`, ``),
		change(good, `"project_id":"p1"`, `"project_id":"p1","user_id":"7"`),
		change(good, `"event_type"`, `"unheard_of":1,"event_type"`),
		change(good, `"raw":{`, `"raw":{"Status":"fail",`),
		change(good, `"EventType":"ProduceMediaComplete"`, `"EventType":"Other"`),
		change(good, `"outcome":{`, `"outcome":5,"outcome":{`),
		good[:len(good)-20],
		change(rejected, `"payload":"x"`, `"payload":5`),
		change(rejected, `"payload":"x"`, `"payload_base64":"*"`),
		change(rejected, `,"payload":"x"`, ``),
		change(rejected, `"payload":"x"`, `"payload":"x","payload_base64":""`),
		`{"message":` + quote(good[:90]) + `}`,
		good,
	}
	want := []string{
		"log:1: outcome: schema_version 2 is newer than 1, the latest that this program supports: use a newer version",
		"log:2: outcome: not a record",
		`log:3: outcome: status is "success", but "fail" in the raw event`,
		`log:4: outcome: media_id is "m2", but "m1" in the raw event`,
		`log:5: outcome: media_id is "", but "m1" in the raw event`,
		`log:6: outcome: user_id is "7", but "" in the raw event`,
		`log:7: outcome: json: `,
		`log:8: the line is truncated or damaged: jsontext: duplicate object member name "Status"`,
		`log:9: outcome: event_type is "ProduceMediaComplete", but "Other" in the raw event`,
		`log:10: the line is truncated or damaged: jsontext: duplicate object member name "outcome"`,
		`log:11: the line is truncated or damaged`,
		`log:12: json: `,
		`log:13: illegal base64 data`,
		`log:14: the line has no outcome, payload or payload_base64`,
		`log:15: the line has more than one of outcome, payload and payload_base64`,
		`log:16: the line is truncated or damaged`,
	}
	to := &memory{}
	s, words := run(t.Context(), replay.Log(strings.NewReader(strings.Join(lines, "\n")), "log", false), to)
	if s.Count(replay.NotUnderstood) != len(want) || s.Count(replay.Recorded) != 1 || s.Complete() {
		t.Errorf("%+v, want %d not understood, 1 recorded", s, len(want))
	}
	for _, w := range want {
		if !slices.ContainsFunc(words, func(got string) bool { return strings.HasPrefix(got, w) }) {
			t.Errorf("nothing says %s", w)
		}
	}
	if t.Failed() {
		t.Log(strings.Join(words, "\n"))
	}
}

func TestBrokenExports(t *testing.T) {
	t.Parallel()
	line := logLine(funclog.Unrecorded, rejectedEntry(t, "x"))
	for log, want := range map[string]string{
		"[\n{\"message\":" + quote(line) + "},\n{\"mess":                       "log: element 2: ",
		"[\n{\"message\":" + quote(line) + "}\n":                               "log:",
		"time,message\n1," + quote(line) + "\n1,\"x\n\n":                       "log:",
		"time,message\n1,\"" + strings.ReplaceAll(line, `"`, `""`) + "\"\n1\n": "log:3: the row has no message",
	} {
		s, words := run(t.Context(), replay.Log(strings.NewReader(log), "log", false), &memory{})
		if s.Complete() || len(words) == 0 || !strings.HasPrefix(words[0], want) {
			t.Errorf("%q: %+v, %q; want %s", log, s, words, want)
		}
	}
}

func TestOutcomesOnRequest(t *testing.T) {
	t.Parallel()
	log := logLine(funclog.Outcome, outcomeEntry(t, sample.Event{})) + "\n" + // RECORD_TO=log:
		logLine(funclog.Rejected, rejectedEntry(t, "x")) + "\n" +
		`{"time":"x","level":"WARN","msg":"rejected","request_id":"r","reason":"unrecorded","key":"rejected/dt=2026-11-22/x.json"}` + "\n"
	for outcomes, want := range map[bool]int{false: 0, true: 2} {
		s, words := run(t.Context(), replay.Log(strings.NewReader(log), "log", outcomes), &memory{})
		if s.Count(replay.Recorded) != want || s.Count(replay.Skipped) != 3-want || !s.Complete() {
			t.Errorf("outcomes %v: %+v, %q; want %d recorded", outcomes, s, words, want)
		}
	}
}

func TestFailuresAreCountedAndTheRestGoesOn(t *testing.T) {
	t.Parallel()
	log := logLine(funclog.Unrecorded, rejectedEntry(t, "1")) + "\n" + logLine(funclog.Unrecorded, rejectedEntry(t, "2"))
	s, words := run(t.Context(), replay.Log(strings.NewReader(log), "log", false), &memory{err: errors.New("no space")})
	if s.Count(replay.Failed) != 2 || s.Complete() || !slices.Equal(words, []string{"log:1: no space", "log:2: no space"}) {
		t.Errorf("%+v, %q", s, words)
	}
}

// waiting is a Recorder that tells when it is called and never gets an answer.
type waiting struct{ called chan struct{} }

func (w waiting) Record(ctx context.Context, _ record.Entry) (record.Result, error) {
	w.called <- struct{}{}
	<-ctx.Done()
	return 0, ctx.Err()
}

func TestInterruption(t *testing.T) {
	t.Parallel()
	r, w := io.Pipe() // a log that never ends
	t.Cleanup(func() { _ = w.Close() })
	ctx, cancel := context.WithCancel(t.Context())
	to := waiting{make(chan struct{}, 1)}
	go func() {
		_, _ = io.WriteString(w, strings.Repeat("x\n", 1<<15)+logLine(funclog.Unrecorded, rejectedEntry(t, "1"))+"\n")
		_, _ = io.WriteString(w, strings.Repeat("x\n", 1<<15))
	}()
	go func() { <-to.called; cancel() }()
	s, _ := run(ctx, replay.Log(r, "log", false), to)
	if !s.Interrupted || s.Complete() || s.Count(replay.Failed) != 0 {
		t.Errorf("%+v, want an interruption and no failure", s)
	}
}

func TestRejected(t *testing.T) {
	t.Parallel()
	vod := string(sample.Event{MediaID: "m1"}.JSON())
	base64 := "eyJF" // is no event
	for _, tt := range []struct {
		name, trigger, messageID, kept string
		recorded                       int
		says                           string
	}{
		{"http", "http", "", vod, 1, ""},
		{"http is never unwrapped", "http", "", quote(vod), 0, "event: found"},
		{"http is never an envelope", "http", "", string(sample.MNSTopic([]byte(vod), received)), 0, "EventType: found nothing"},
		{"topic", "mns_topic", "M1", vod, 1, ""},
		{"topic, its envelope", "mns_topic", "", string(sample.MNSTopic([]byte(vod), received)), 1, ""},
		{"queue, its envelope", "mns_queue", "", string(sample.MNSQueue([]byte(vod), received)), 1, ""},
		{"queue, an element", "mns_queue", "", quote(string(sample.MNSQueue([]byte(vod), received))), 1, ""},
		{"queue, no event", "mns_queue", "", base64, 0, "no known form"},
		{"queue, like HTTP", "mns_queue", "", `{"requestContext":{},"body":` + quote(vod) + `}`, 0, "an HTTP trigger event inside"},
		{"direct", "direct", "", vod, 1, ""},
		{"direct, a batch", "direct", "", "[" + vod + `,5,{"EventType":"Other"}]`, 1, ""},
		{"direct, like HTTP", "direct", "", `{"headers":{},"EventType":"ProduceMediaComplete"}`, 0, "can no longer be authenticated"},
		{"direct, another type", "direct", "", `{"EventType":"Other"}`, 0, "the event type is not selected"},
		{"direct, an empty batch", "direct", "", `[]`, 0, "it contains no message"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			target := record.Target{Dir: t.TempDir()}
			f := outcome.Facts{Trigger: tt.trigger, MessageID: tt.messageID, RequestID: "req-9", ReceivedAt: received.Format(outcome.TimeFormat)}
			to := record.Open(target, nil)
			if _, err := to.Record(t.Context(), entry(t, outcome.NewRejected("old reason", []byte(tt.kept), f))); err != nil {
				t.Fatal(err)
			}
			from, err := store.Open(target, nil)
			if err != nil {
				t.Fatal(err)
			}
			for i := range 2 {
				s, words := run(t.Context(), replay.Rejected(t.Context(), from, edits), to)
				if !s.Complete() || s.Count(replay.Recorded) != tt.recorded*(1-i) || s.Count(replay.Duplicate) != tt.recorded*i {
					t.Errorf("run %d: %+v, %q; want %d recorded", i, s, words, tt.recorded)
				}
				if tt.recorded == 0 && (s.Count(replay.Skipped) != 1 || len(words) != 1 || !strings.Contains(words[0], tt.says)) {
					t.Errorf("%+v, %q, want %q", s, words, tt.says)
				}
			}
			files, _ := filepath.Glob(filepath.Join(target.Dir, "ProduceMediaComplete", "*", "m1", "*.json"))
			if len(files) != tt.recorded {
				t.Fatalf("%q, want %d records", files, tt.recorded)
			}
			for _, file := range files {
				var o outcome.Outcome
				data, err := os.ReadFile(file)
				if err := errors.Join(err, json.Unmarshal(data, &o)); err != nil {
					t.Fatal(err)
				}
				if o.Trigger != tt.trigger || o.RequestID != "req-9" || o.ReceivedAt != "2026-11-22T10:30:00.000Z" || (tt.messageID != "" && o.MessageID != tt.messageID) {
					t.Errorf("the record does not keep what was known of the rejected one: %s", data)
				}
			}
		})
	}
}

func TestRejectedStore(t *testing.T) {
	t.Parallel()
	target := record.Target{Dir: t.TempDir()}
	to := record.Open(target, nil)
	for key, body := range map[string]string{
		"rejected/dt=2026-11-22/1.json": "no JSON",
		"rejected/dt=2026-11-22/2.json": `{"received_at":"2026-11-22T00:00:00Z"}`,
		"rejected/dt=2026-11-22/3.json": `{"payload":"x"}`,
	} {
		if _, err := to.Record(t.Context(), record.Entry{Key: key, Body: []byte(body)}); err != nil {
			t.Fatal(err)
		}
	}
	from, err := store.Open(target, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, words := run(t.Context(), replay.Rejected(t.Context(), from, edits), to)
	if s.Count(replay.Failed) != 3 || !strings.HasPrefix(words[0], "rejected/dt=2026-11-22/1.json: it is not a rejected record: ") {
		t.Errorf("%+v, %q; want 3 failed", s, words)
	}
}

// FuzzLog reads anything as a log. Whatever is taken from it is an entry that the function could have
// made: its key lies where such entries lie, its body is one line of JSON, and written to a log and
// read again it is the same.
func FuzzLog(f *testing.F) {
	out, rej := outcomeEntry(f, sample.Event{Producer: events.IMS}), rejectedEntry(f, "x")
	for _, e := range []record.Entry{out, rej, rejectedEntry(f, "\xff")} {
		line := logLine(funclog.Unrecorded, e)
		for _, seed := range []string{
			line, "2026-11-22 " + line, line[:len(line)/2] + line, "\uFEFF" + line, `{"message":` + quote(line) + `}`, `{"message":` + line + `}`,
			`[{"message":` + quote("x\n"+line) + `}]`, "a,message\nb,\"" + strings.ReplaceAll(line, `"`, `""`) + "\"\n", logLine(funclog.Outcome, e),
		} {
			f.Add([]byte(seed))
		}
	}
	f.Fuzz(func(t *testing.T, log []byte) {
		for key, body := range bodies(bytes.NewReader(log), true) {
			msg := funclog.Unrecorded
			if !strings.HasPrefix(key, "ProduceMediaComplete/dt=") && !strings.HasPrefix(key, "rejected/dt=") {
				t.Errorf("key %q", key)
			}
			if !json.Valid([]byte(body)) || strings.Count(body, "\n") != 1 || !strings.HasSuffix(body, "\n") {
				t.Errorf("body %q", body)
			}
			line := `{"time":"t","level":"ERROR","msg":"` + msg + `",` + strings.TrimPrefix(strings.TrimSuffix(body, "\n"), "{")
			if strings.HasPrefix(key, "P") {
				line = `{"time":"t","level":"ERROR","msg":"` + msg + `","outcome":` + strings.TrimSuffix(body, "\n") + `}`
			}
			if again := bodies(strings.NewReader(line), false); again[key] != body {
				t.Errorf("%s\nread again is %q\nwant %q", line, again, body)
			}
		}
	})
}

// bodies returns what is found in a log, by its keys.
func bodies(log io.Reader, outcomes bool) map[string]string {
	found := map[string]string{}
	for item := range replay.Log(log, "log", outcomes) {
		for _, e := range item.Entries() {
			found[e.Key] = string(e.Body)
		}
	}
	return found
}

// TestOtherFiles checks that a file without any line of the function's log is an error: an operator who
// named the wrong file, or has an export of an unknown form, is not told that all is done.
func TestOtherFiles(t *testing.T) {
	t.Parallel()
	line := `{"time":"2026-11-22T08:00:00Z","level":"ERROR","msg":"unrecorded","request_id":"r","outcome":{}}`
	for name, tt := range map[string]struct {
		text, want string
	}{
		"a text":             {"# A README\n\n{ and so on }\n", "there is no line of the function's log in it"},
		"another member":     {`{"content":` + strconv.Quote(line) + `}`, "there is no line of the function's log in it"},
		"a wrapped array":    {`{"logs":[{"message":` + strconv.Quote(line) + `}]}`, "there is no line of the function's log in it"},
		"records":            {`{"schema_version":1,"user_data":` + strconv.Quote(line) + `}`, "there is no line of the function's log in it"},
		"a message within":   {`{"message":` + strconv.Quote(`{"message":`+strconv.Quote(line)+`}`) + `}`, "there is no line of the function's log in it"},
		"another program's":  {`{"message":"hello"}` + "\n", "there is no line of the function's log in it"},
		"CSV":                {"message\nhello\n", "there is no line of the function's log in it"},
		"gzip":               {"\x1f\x8b\x08\x00 and so on", "decompress it first"},
		"nothing":            {"", ""},
		"blank lines":        {"\n \n", ""},
		"an empty array":     {"[]", ""},
		"only the header":    {"time,message\n", ""},
		"the SDK's lines":    {"FC Invoke Start RequestId: 1\n", ""},
		"the SDK's, in CSV":  {"message\nFC Invoke Start RequestId: 1\n", ""},
		"nothing to record":  {"x\n" + strings.Replace(line, "unrecorded", "recorded", 1), ""},
		"half a line":        {"x\n" + strings.Replace(line, "unrecorded", "recorded", 1)[:80], ""},
		"after a prefix":     {"2026-11-22 08:00 " + strings.Replace(line, "unrecorded", "recorded", 1), ""},
		"in an SLS export":   {`{"message":` + strconv.Quote(strings.Replace(line, "unrecorded", "recorded", 1)) + `}`, ""},
		"cut, in an export":  {`{"message":` + strconv.Quote(strings.Replace(line, "unrecorded", "recorded", 1))[:80], ""},
		"cut before its msg": {`{"time":"2026-11-22T08:00:00Z","unrecorded`, "truncated"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, words := run(t.Context(), replay.Log(strings.NewReader(tt.text), "log", false), &memory{})
			if s.Complete() != (tt.want == "") || s.Complete() == (len(words) > 0) || !strings.Contains(strings.Join(words, "\n"), tt.want) {
				t.Errorf("%q, want %q", words, tt.want)
			}
		})
	}
}

// TestTextsAreNotObeyed has senders put lines of a log into their texts. Nothing is taken from those, and no
// line is called unreadable because of them.
func TestTextsAreNotObeyed(t *testing.T) {
	t.Parallel()
	forged := logLine(funclog.Unrecorded, rejectedEntry(t, "forged"))
	for _, text := range []string{
		`"msg":"unrecorded"`, `\"msg\":\"unrecorded\"`, forged, "\n" + forged + "\n", `"}` + forged, quote(forged), `{"message":` + quote(forged) + `}`,
	} {
		recorded := textLine(funclog.Recorded, slog.String("media_id", text))
		unrecorded := logLine(funclog.Unrecorded, rejectedEntry(t, text))
		for name, tt := range map[string]struct {
			log      string
			recorded int
		}{
			"a line":                  {recorded, 0},
			"cut":                     {recorded[:len(recorded)-20], 0},
			"cut, then a line":        {recorded[:len(recorded)-20] + recorded, 0},
			"in an SLS export":        {`{"message":` + quote(recorded) + `}`, 0},
			"cut, in an SLS export":   {`{"message":` + quote(recorded)[:len(recorded)], 0},
			"parsed by an SLS export": {`{"message":` + recorded + `}`, 0},
			"in CSV":                  {"message\n\"" + strings.ReplaceAll(recorded, `"`, `""`) + "\"\n", 0},
			"a line that matters":     {unrecorded, 1},
			"cut, then one":           {recorded[:len(recorded)-20] + unrecorded, 1},
			"one in an SLS export":    {`{"message":` + quote(unrecorded) + `}`, 1},
		} {
			to := &memory{}
			s, words := run(t.Context(), replay.Log(strings.NewReader(tt.log), "log", false), to)
			if !s.Complete() || s.Count(replay.Recorded) != tt.recorded {
				t.Errorf("%s, %q: %q, %d recorded, want %d", name, text, words, s.Count(replay.Recorded), tt.recorded)
			}
			for _, body := range to.kept {
				if strings.Contains(body, `"payload":"forged"`) {
					t.Errorf("%s, %q: %s is recorded", name, text, body)
				}
			}
		}
	}
}

// TestLongLines reads lines on which a reader that begins anew at every brace would spend hours.
func TestLongLines(t *testing.T) {
	t.Parallel()
	const times = 100_000
	start := `{"time":"t","level":"ERROR","msg":"unrecorded","a":`
	good := logLine(funclog.Unrecorded, rejectedEntry(t, "x"))
	for name, tt := range map[string]struct {
		line     string
		recorded int
	}{
		"beginnings":        {strings.Repeat(`{"time":"`, times), 0},
		"whole beginnings":  {strings.Repeat(start, times), 0},
		"nested, then cut":  {`{"time":"t","level":"ERROR","msg":"recorded","a":` + strings.Repeat(`{"time":"t","a":`, times), 0},
		"nested and closed": {strings.Repeat(`{"unrecorded":`, times) + strings.Repeat("}", times), 0},
		"closed":            {strings.Repeat("unrecorded}", times), 0},
		"quotes":            {strings.Repeat(`unrecorded\\"`, times) + "}", 0},
		"backslashes":       {"unrecorded" + strings.Repeat(`\`, times) + `"}`, 0},
		"then a line":       {strings.Repeat(`{"time":"`, times) + good, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, words := run(t.Context(), replay.Log(strings.NewReader("FC Invoke Start\n"+tt.line), "log", false), &memory{})
			if s.Count(replay.Recorded) != tt.recorded {
				t.Errorf("%d recorded, want %d; %.200q", s.Count(replay.Recorded), tt.recorded, words)
			}
		})
	}
}

// BenchmarkCutLine reads a nested line that was cut. The time per byte does not depend on its length.
func BenchmarkCutLine(b *testing.B) {
	for _, size := range []int{1 << 14, 1 << 18, 1 << 22} {
		line := []byte(`{"time":"t","level":"ERROR","msg":"unrecorded","a":` + strings.Repeat(`{"time":"t","a":`, size/16))
		b.Run(strconv.Itoa(size), func(b *testing.B) {
			b.SetBytes(int64(len(line)))
			for b.Loop() {
				for range replay.Log(bytes.NewReader(line), "log", false) {
				}
			}
		})
	}
}
