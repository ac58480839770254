package store_test

import (
	"cmp"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/outcome"
	"github.com/vod-callback/recorder/internal/store"
	"github.com/vod-callback/recorder/internal/test/eventtest"
)

var facts = outcome.Facts{
	Trigger: "mns_queue", MessageID: "M1", RequestID: "R1", AccountID: "123", Region: "cn-shanghai",
	ReceivedAt: "2026-11-22T00:00:00.005Z",
}

func newOutcome(t *testing.T, raw []byte) outcome.Outcome {
	t.Helper()
	event, err := events.Parse(raw, events.Selection{events.TypeProduceMediaComplete})
	if err != nil {
		t.Fatal(err)
	}
	o, err := outcome.New(event, raw, facts)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestParseKey(t *testing.T) {
	t.Parallel()
	got, err := store.ParseKey("ProduceMediaComplete/dt=2018-12-26/1234343b689%2A%2A%2A%2A%2Aa5422dfe1e472a41/20181226T143409Z-fail-304fc3d62bc1.json")
	want := store.KeyFacts{
		EventType: "ProduceMediaComplete", Day: "2018-12-26", Media: "1234343b689*****a5422dfe1e472a41",
		Time: time.Date(2018, 12, 26, 14, 34, 9, 0, time.UTC), Status: events.Fail, Digest: "304fc3d62bc1",
	}
	if err != nil || got != want {
		t.Errorf("ParseKey = %+v, %v; want %+v", got, err, want)
	}
}

func TestParseKeyOfOtherTypes(t *testing.T) {
	t.Parallel()
	got, err := store.ParseKey("TranscodeComplete/dt=2018-12-26/-/20181226T143409Z-none-304fc3d62bc1.json")
	if err != nil || got.EventType != "TranscodeComplete" || got.Media != "-" || got.Status != "" {
		t.Errorf("ParseKey = %+v, %v", got, err)
	}
}

func TestForeignKeys(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ key, says string }{
		{"", "not a key of an outcome"},
		{"README.md", "not a key of an outcome"},
		{"rejected/dt=2018-12-26/m/20181226T143409Z-fail-304fc3d62bc1.json", "not a key of an outcome"},
		{"ProduceMediaComplete/dt=2018-12-26/m/x/20181226T143409Z-fail-304fc3d62bc1.json", "not a key of an outcome"},
		{"ProduceMediaComplete/2018-12-26/m/20181226T143409Z-fail-304fc3d62bc1.json", `"2018-12-26" is not dt=YYYY-MM-DD`},
		{"ProduceMediaComplete/dt=2018-13-26/m/20181226T143409Z-fail-304fc3d62bc1.json", "is not dt=YYYY-MM-DD"},
		{"ProduceMediaComplete/dt=2018-12-26//20181226T143409Z-fail-304fc3d62bc1.json", "not percent-encoded"},
		{"ProduceMediaComplete/dt=2018-12-26/m*/20181226T143409Z-fail-304fc3d62bc1.json", "not percent-encoded"},
		{"ProduceMediaComplete/dt=2018-12-26/m%2a/20181226T143409Z-fail-304fc3d62bc1.json", "not percent-encoded"},
		{"ProduceMediaComplete/dt=2018-12-26/m%4D/20181226T143409Z-fail-304fc3d62bc1.json", "not percent-encoded"},
		{"ProduceMediaComplete/dt=2018-12-26/m%2/20181226T143409Z-fail-304fc3d62bc1.json", "not percent-encoded"},
		{"ProduceMediaComplete/dt=2018-12-26/m%GG/20181226T143409Z-fail-304fc3d62bc1.json", "not percent-encoded"},
		{"ProduceMediaComplete/dt=2018-12-26/../20181226T143409Z-fail-304fc3d62bc1.json", "not percent-encoded"},
		{"ProduceMediaComplete/dt=2018-12-26/m/20181226T143409Z-fail-304fc3d62bc1.ndjson", "is not TIME-STATUS-DIGEST.json"},
		{"ProduceMediaComplete/dt=2018-12-26/m/notes.json", "is not TIME-STATUS-DIGEST.json"},
		{"ProduceMediaComplete/dt=2018-12-26/m/20181226T143409.5Z-fail-304fc3d62bc1.json", "is not YYYYMMDDTHHMMSSZ"},
		{"ProduceMediaComplete/dt=2018-12-26/m/20181227T143409Z-fail-304fc3d62bc1.json", "is not of the day 2018-12-26"},
		{"ProduceMediaComplete/dt=2018-12-26/m/20181226T143409Z-done-304fc3d62bc1.json", "neither success nor fail"},
		{"ProduceMediaComplete/dt=2018-12-26/m/20181226T143409Z-none-304fc3d62bc1.json", "neither success nor fail"},
		{"ProduceMediaComplete/dt=2018-12-26/m/20181226T143409Z-fail-304FC3D62BC1.json", "is not 12 hex digits"},
		{"ProduceMediaComplete/dt=2018-12-26/m/20181226T143409Z-fail-304fc3.json", "is not 12 hex digits"},
	} {
		if k, err := store.ParseKey(tt.key); err == nil || !strings.Contains(err.Error(), tt.says) || k != (store.KeyFacts{}) {
			t.Errorf("ParseKey(%q) = %+v, %v; want an error with %q", tt.key, k, err, tt.says)
		}
	}
}

func TestParseRejectedKey(t *testing.T) {
	t.Parallel()
	key, err := outcome.NewRejected("because", []byte("x"), facts).Key()
	if err != nil {
		t.Fatal(err)
	}
	if day, err := store.ParseRejectedKey(key); err != nil || day != "2026-11-22" {
		t.Errorf("ParseRejectedKey(%q) = %q, %v", key, day, err)
	}
	for _, foreign := range []string{"", "rejected/x", strings.Replace(key, "dt=", "", 1), strings.TrimSuffix(key, ".json"), "x" + key, strings.ToUpper(key)} {
		if day, err := store.ParseRejectedKey(foreign); err == nil {
			t.Errorf("ParseRejectedKey(%q) = %q", foreign, day)
		}
	}
}

// FuzzParseKey: what is read is written the same again, so that no two keys mean the same outcome.
func FuzzParseKey(f *testing.F) {
	f.Add("ProduceMediaComplete/dt=2018-12-26/1234343b689%2A%2A%2A%2A%2Aa5422dfe1e472a41/20181226T143409Z-success-0929cc80bd73.json")
	f.Add("ProduceMediaComplete/dt=2018-12-26/%2E%2E/20181226T143409Z-success-0929cc80bd73.json")
	f.Fuzz(func(t *testing.T, key string) {
		k, err := store.ParseKey(key)
		if err != nil {
			return
		}
		again := store.MediaPrefix(k.EventType, k.Day, k.Media) + k.Time.Format("20060102T150405Z") + "-" + cmp.Or(string(k.Status), "none") + "-" + k.Digest + ".json"
		if again != key {
			t.Errorf("ParseKey(%q) = %+v, which is the key %q", key, k, again)
		}
	})
}

func TestRead(t *testing.T) {
	t.Parallel()
	want := newOutcome(t, eventtest.Sample(t, "ims-fail.json"))
	line, err := want.Line()
	if err != nil {
		t.Fatal(err)
	}
	got, err := store.ReadRecord(line)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := got.Line(); err != nil || string(again) != string(line) {
		t.Errorf("read and written again: %s, %v; want %s", again, err, line)
	}
	for _, tt := range []struct{ text, says string }{
		{"", "the object is empty"},
		{string(line[:len(line)/2]), "truncated"},
		{string(line) + "{}", "truncated"},
		{"<html>", "not a record"},
		{"[]", "not a record"},
		{`{"a":1}`, "no schema_version"},
		{`{"schema_version":"1"}`, "not a record"},
		{`{"schema_version":0}`, "is not valid"},
		{`{"schema_version":1,"event_type":"rejected","event_time":"2018-12-26T14:34:09Z"}`, "is not valid"},
		{`{"schema_version":1,"event_type":"ProduceMediaComplete"}`, "is not valid"},
		{`{"schema_version":1,"event_type":"ProduceMediaComplete","event_time":"yesterday"}`, "not a record: "},
		{`{"schema_version":2,"event_time":17}`, "schema_version 2 is newer"},
	} {
		if o, err := store.ReadRecord([]byte(tt.text)); err == nil || !strings.Contains(err.Error(), tt.says) || o.EventType != "" {
			t.Errorf("Read(%.60q) = %+v, %v; want an error with %q", tt.text, o, err, tt.says)
		}
	}
	if _, err := store.ReadRecord([]byte(`{"schema_version":9}`)); !errors.As(err, new(*store.NewerSchemaError)) {
		t.Errorf("newer: %v", err)
	}
}
