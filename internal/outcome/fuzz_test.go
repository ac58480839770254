package outcome_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/jsonx"
	"github.com/vod-callback/recorder/internal/outcome"
	"github.com/vod-callback/recorder/internal/test/eventtest"
)

// FuzzRecord checks that the record of any event is one line of JSON from which the same record can be
// made again, and that respelling the event keeps its key and its facts.
func FuzzRecord(f *testing.F) {
	eventtest.Seed(f)
	f.Add([]byte(`{"EventType":"ProduceMediaComplete","EventTime":"2018-12-26t14:34:09.5+08:00","Status":"FAILED","MediaId":"..","ProjectId":"\u0000","Extend":{"b":1.0,"a":[]}}`))
	f.Add([]byte(`{"EventType":"ProduceMediaComplete","EventTime":"0000-01-01T00:00:00Z","UserId":1e3,"MessageBody":"{\"Status\":\"Success\",\"JobId\":\"\\u2028\",\"UserData\":[1.0]}"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		event, err := events.Parse(raw, everything)
		if err != nil {
			return
		}
		o, err := outcome.New(event, raw, facts)
		if err != nil {
			return
		}
		line, err := o.Line()
		if err != nil || bytes.IndexByte(line, '\n') != len(line)-1 {
			t.Fatalf("line %q, %v", line, err)
		}
		key, err := o.Key()
		if err != nil || !strings.HasPrefix(key, event.EventType+"/dt=") || !filepath.IsLocal(key) {
			t.Fatalf("key %q, %v", key, err)
		}
		var stored outcome.Outcome
		if err := json.Unmarshal(line, &stored); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if again, err := stored.Line(); err != nil || !bytes.Equal(again, line) {
			t.Fatalf("%s\nbecomes %s, %v", line, again, err)
		}
		if again, err := stored.Key(); err != nil || again != key {
			t.Fatalf("key %s becomes %s, %v", key, again, err)
		}
		if event.EventType != events.TypeProduceMediaComplete {
			return // its media ID may be a number, which is kept as spelled
		}
		respelt, err := jsonx.Canonical(raw)
		if err != nil {
			t.Fatal(err)
		}
		second, err := events.Parse(respelt, everything)
		if err != nil {
			t.Fatalf("%s is an event, but %s: %v", raw, respelt, err)
		}
		p, err := outcome.New(second, respelt, facts)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := p.Key(); err != nil || again != key {
			t.Fatalf("respelt, %s becomes %s, %v", key, again, err)
		}
		for _, e := range []*events.Event{&event, &second} {
			e.UserData, e.UserID = "", "" // as spelled
		}
		if second != event {
			t.Fatalf("%+v becomes %+v", event, second)
		}
	})
}

// FuzzRejected checks that whatever is kept can be had back from its record.
func FuzzRejected(f *testing.F) {
	for _, s := range []string{"", "{}", "\xff", "\xed\xa0\x80", "\x00\n\u2028", `"\ud800"`} {
		f.Add("reason", []byte(s))
	}
	f.Fuzz(func(t *testing.T, reason string, kept []byte) {
		r := outcome.NewRejected(reason, kept, facts)
		entry, err := r.Entry()
		line := entry.Body
		if err != nil || bytes.IndexByte(line, '\n') != len(line)-1 {
			t.Fatalf("line %q, %v", line, err)
		}
		key, err := r.Key()
		if err != nil || !strings.HasPrefix(key, "rejected/dt=") || !filepath.IsLocal(key) {
			t.Fatalf("key %q, %v", key, err)
		}
		var stored outcome.Rejected
		if err := json.Unmarshal(line, &stored); err != nil {
			t.Fatal(err)
		}
		if back, err := stored.Kept(); err != nil || !bytes.Equal(back, kept) {
			t.Fatalf("kept %q, back come %q, %v", kept, back, err)
		}
	})
}
