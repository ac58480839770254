package sample_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/events/testdata"
	"github.com/vod-callback/recorder/internal/local/sample"
)

// TestTypes makes an event of every type, in every form that is published, and reads it.
func TestTypes(t *testing.T) {
	t.Parallel()
	types := sample.Types()
	if len(types) < 20 || !slices.Contains(types, events.TypeProduceMediaComplete) || !slices.IsSorted(types) {
		t.Fatalf("the types are %q", types)
	}
	all := events.Selection{events.AllTypes}
	for _, eventType := range types {
		for _, producer := range []events.Producer{"", events.VOD, events.IMS} {
			data, by, err := sample.Event{Producer: producer, Time: at}.OfType(eventType)
			if err != nil {
				if producer == "" || !strings.Contains(err.Error(), " only") {
					t.Errorf("%s by %s: %v", eventType, producer, err)
				}
				continue
			}
			got, err := events.Parse(data, all)
			if err != nil || got.EventType != eventType || got.Producer != by || producer != "" && by != producer || !got.EventTime.Equal(at) || got.Status == events.Fail {
				t.Errorf("%s by %s: %s\nreads as %+v, %v", eventType, producer, data, got, err)
			}
			sameMembers(t, eventType, data)
		}
	}
}

// sameMembers checks that an event has the members of its published sample.
func sameMembers(t *testing.T, eventType string, data []byte) {
	t.Helper()
	published, err := testdata.Files.ReadFile(eventType + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var got, want map[string]json.RawMessage
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(published, &want); err != nil {
		t.Fatal(err)
	}
	if _, ims := got["MessageBody"]; ims {
		return // perhaps the published sample is that of VOD
	}
	for name := range want {
		if got[name] == nil && !strings.HasPrefix(name, "Error") {
			t.Errorf("%s has no %s", data, name)
		}
	}
}

func TestOfType(t *testing.T) {
	t.Parallel()
	all := events.Selection{events.AllTypes}
	made := at.Add(627 * time.Millisecond)
	for _, tt := range []struct {
		name      string
		eventType string
		event     sample.Event
		want      events.Event
		says      string // in the text
	}{
		{"an ID under another name", "TranscodeComplete", sample.Event{MediaID: "m"}, events.Event{MediaID: "m", Status: events.Success}, `"VideoId":"m"`},
		{"a failure", "TranscodeComplete", sample.Event{MediaID: "m", Status: events.Fail, ErrorCode: "C", ErrorMessage: "<why>"},
			events.Event{MediaID: "m", Status: events.Fail, ErrorCode: "C", ErrorMessage: "<why>"}, `"Status":"fail"`},
		{"a failure with a Code", "AIMediaAuditComplete", sample.Event{MediaID: "m", JobID: "j", Status: events.Fail, ErrorCode: "C", ErrorMessage: "why"},
			events.Event{MediaID: "m", JobID: "j", Status: events.Fail, ErrorCode: "C", ErrorMessage: "why"}, `"Code":"C"`},
		{"a sample of a failure", "RestoreMediaComplete", sample.Event{MediaID: "m"}, events.Event{MediaID: "m", Status: events.Success}, `"Status":"Success"`},
		{"and its spelling", "RestoreMediaComplete", sample.Event{MediaID: "m", Status: events.Fail, ErrorCode: "C", ErrorMessage: "why"},
			events.Event{MediaID: "m", Status: events.Fail, ErrorCode: "C", ErrorMessage: "why"}, `"Status":"Failed"`},
		{"a colon before the milliseconds", "ImageUploadComplete", sample.Event{MediaID: "m"}, events.Event{MediaID: "m", Status: events.Success}, `"EventTime":"2026-11-22T08:00:00:627Z"`},
		{"IMS", "FileUploadComplete", sample.Event{Producer: events.IMS, MediaID: "m", Status: events.Fail, ErrorCode: "C", ErrorMessage: "why"},
			events.Event{MediaID: "m", Status: events.Fail, ErrorCode: "C", ErrorMessage: "why"}, `"Status":"Fail"`},
		{"the edit", "ProduceMediaComplete", sample.Event{MediaID: "m", ProjectID: "p"}, events.Event{MediaID: "m", ProjectID: "p", Status: events.Success}, `"ProjectId":"p"`},
	} {
		tt.event.Time = made
		data, _, err := tt.event.OfType(tt.eventType)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		got, err := events.Parse(data, all)
		if err != nil || got.MediaID != tt.want.MediaID || got.ProjectID != tt.want.ProjectID || got.Status != tt.want.Status || got.ErrorCode != tt.want.ErrorCode ||
			got.ErrorMessage != tt.want.ErrorMessage || tt.want.JobID != "" && got.JobID != tt.want.JobID || !strings.Contains(string(data), tt.says) {
			t.Errorf("%s: %s\nreads as %+v, %v", tt.name, data, got, err)
		}
	}
	for name, tt := range map[string]struct {
		eventType string
		event     sample.Event
		says      string
	}{
		"an unknown type":    {"Never", sample.Event{}, "no sample"},
		"another producer's": {"TranscodeComplete", sample.Event{Producer: events.IMS}, "is by vod"},
		"no such ID":         {"BatchProduceMediaComplete", sample.Event{MediaID: "m"}, "has no media ID"},
		"no project":         {"TranscodeComplete", sample.Event{ProjectID: "p"}, "has no project ID"},
		"no status":          {"SnapshotComplete", sample.Event{Status: events.Fail}, "cannot report a failure"},
	} {
		if data, _, err := tt.event.OfType(tt.eventType); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %s, %v; want %q", name, data, err, tt.says)
		}
	}
}
