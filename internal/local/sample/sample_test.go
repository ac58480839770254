package sample_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/local/sample"
	"github.com/vod-callback/recorder/internal/trigger"
)

var at = time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)

func TestEventsParse(t *testing.T) {
	t.Parallel()
	for _, e := range []sample.Event{
		{Producer: events.VOD, Status: events.Success, MediaID: "m", ProjectID: "p", Time: at},
		{Producer: events.VOD, Status: events.Fail, MediaID: "m", ProjectID: "p", Time: at, ErrorCode: "C", ErrorMessage: "<why>"},
		{Producer: events.IMS, Status: events.Success, MediaID: "m", ProjectID: "p", JobID: "j", Time: at},
		{Producer: events.IMS, Status: events.Fail, MediaID: "m", ProjectID: "p", JobID: "j", Time: at, ErrorCode: "C", ErrorMessage: "<why>"},
	} {
		got, err := events.Parse(e.JSON(), events.Selection{events.AllTypes})
		if err != nil || got.Producer != e.Producer || got.Status != e.Status || got.MediaID != e.MediaID || got.ProjectID != e.ProjectID ||
			got.JobID != e.JobID || !got.EventTime.Equal(at) || got.ErrorCode != e.ErrorCode || got.ErrorMessage != e.ErrorMessage {
			t.Errorf("%s\nparses as %+v, %v; want %+v", e.JSON(), got, err, e)
		}
	}
	if a, b := string(sample.Event{Time: at}.JSON()), string(sample.Event{Time: at}.JSON()); a == b {
		t.Errorf("identifiers that were not given are not new each time: %s", a)
	}
}

// TestEnvelopes checks that every envelope is read as what it is, with the event as it went in.
func TestEnvelopes(t *testing.T) {
	t.Parallel()
	event := sample.Event{Status: events.Fail, ErrorMessage: "a\"b\n"}.JSON()
	for name, tt := range map[string]struct {
		payload []byte
		kinds   []trigger.Kind
	}{
		"topic":  {sample.MNSTopic(event, at), []trigger.Kind{trigger.MNSTopic}},
		"stream": {sample.MNSTopicStream(event), []trigger.Kind{trigger.MNSTopic}},
		"queue":  {sample.MNSQueue(event, at), []trigger.Kind{trigger.MNSQueue}},
		"batch":  {sample.MNSQueueBatch([][]byte{event, event}, at), []trigger.Kind{trigger.MNSQueue, trigger.MNSQueue}},
		"none":   {sample.MNSQueueBatch(nil, at), nil},
	} {
		d := trigger.Read(tt.payload)
		if !json.Valid(tt.payload) || d.Request != nil || len(d.Messages) != len(tt.kinds) {
			t.Errorf("%s: %s reads as %+v", name, tt.payload, d)
			continue
		}
		for i, m := range d.Messages {
			if m.Trigger != tt.kinds[i] || string(m.Body) != string(event) {
				t.Errorf("%s: message %d is %s %s", name, i, m.Trigger, m.Body)
			}
		}
	}
}

func TestHTTP(t *testing.T) {
	t.Parallel()
	for text, path := range map[string]string{
		"https://www.example.com":             "/",
		"https://www.example.com/a%20b?x=y":   "/a%20b",
		"http://127.0.0.1:9000/your/callback": "/your/callback",
	} {
		target, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, body := range []string{`{"a":"b"}`, "\xff\x00"} {
			r := trigger.Read(sample.HTTP(http.MethodPost, target, http.Header{"X-A": {"1", "2"}}, []byte(body), at)).Request
			if r == nil {
				t.Fatalf("%s is no request", text)
			}
			got, err := r.Body(1 << 20)
			if err != nil || string(got) != body || r.Method != http.MethodPost || r.RawPath != path || r.DomainName != target.Host || !slices.Equal(r.Values("X-A"), []string{"1,2"}) {
				t.Errorf("%s reads as %+v, body %q, %v", text, r, got, err)
			}
		}
	}
}
