package events_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/test/eventtest"
)

// edits is the default of RECORD_EVENTS.
var edits = events.Selection{events.TypeProduceMediaComplete}

func TestParseSamples(t *testing.T) {
	t.Parallel()
	vod := events.Event{
		EventType: events.TypeProduceMediaComplete,
		Producer:  events.VOD,
		EventTime: time.Date(2018, 12, 26, 14, 34, 9, 0, time.UTC),
		Status:    events.Success,
		MediaID:   "1234343b689*****a5422dfe1e472a41",
		ProjectID: "987624bab6*****d9fcdeefdd974c7aa",
	}
	vodFail := vod
	vodFail.Status = events.Fail
	vodFail.ErrorCode = "InvalidParameter.ResourceContentBad"
	vodFail.ErrorMessage = "The resource operated InputFile is bad"
	ims := events.Event{
		EventType: events.TypeProduceMediaComplete,
		Producer:  events.IMS,
		EventTime: time.Date(2024, 9, 18, 7, 12, 45, 0, time.UTC),
		Status:    events.Success,
		MediaID:   "0ccac1d0754c71efb2e5f6e7c5496302",
		ProjectID: "fb2101bf24bf41cb318787dc2c1d48d5",
		JobID:     "d718819a9f60421ab9a1b9cbb4d3a2f5",
		MediaURL:  "http://example-bucket.oss-cn-shanghai.aliyuncs.com/produced/example.mp4",
		UserData:  `{"NotifyAddress":"https://www.example.com/your/callback"}`,
		UserID:    "1234567890123456",
	}
	imsFail := ims
	imsFail.Status, imsFail.MediaURL = events.Fail, ""
	imsFail.ErrorCode, imsFail.ErrorMessage = vodFail.ErrorCode, vodFail.ErrorMessage

	for name, want := range map[string]events.Event{
		"vod-success.json": vod,
		"vod-fail.json":    vodFail,
		"ims-success.json": ims,
		"ims-fail.json":    imsFail,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := events.Parse(eventtest.Sample(t, name), edits)
			if err != nil || got != want {
				t.Errorf("Parse = %+v, %v; want %+v", got, err, want)
			}
		})
	}
}

// vodWith returns the VOD sample with one member's value replaced, or the member removed for "".
func vodWith(member, value string) string {
	members := map[string]string{
		"EventType": `"ProduceMediaComplete"`, "EventTime": `"2018-12-26T14:34:09Z"`, "Status": `"success"`,
		"MediaId": `"m"`, "ProjectId": `"p"`,
	}
	members[member] = value
	return object(members)
}

// imsWith does the same for MessageBody's members of an IMS event.
func imsWith(member, value string) string {
	members := map[string]string{"Status": `"Success"`, "JobId": `"j"`}
	members[member] = value
	return object(map[string]string{
		"EventType": `"ProduceMediaComplete"`, "EventTime": `"2018-12-26T14:34:09Z"`, "MessageBody": object(members),
	})
}

func object(members map[string]string) string {
	var parts []string
	for name, value := range members {
		if value != "" {
			parts = append(parts, `"`+name+`":`+value)
		}
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, in string
		member   string // of the FieldError
		found    string // a part of what it says was found
	}{
		{"no text", ``, "", "nothing"},
		{"a string", `"x"`, "", "x"},
		{"an array", `[{}]`, "", "[{}]"},
		{"truncated", `{"EventType":"Produce`, "", "unexpected EOF"},
		{"trailing data", vodWith("", "") + `{}`, "", "data after"},
		{"repeated name", `{"EventType":"ProduceMediaComplete","EventType":"ProduceMediaComplete"}`, "", `the name "EventType" more than once`},
		{"repeated name, escaped", `{"EventType":"ProduceMediaComplete","\u0045ventType":"x"}`, "", "more than once"},
		{"repeated name, unknown and deep", vodWith("X", `[{"a":[{"b":1,"b":2}]}]`), "", "more than once"},
		{"repeated name in another type", `{"EventType":"FileUploadComplete","a":1,"a":2}`, "", "more than once"},
		{"invalid UTF-8", vodWith("MediaId", "\"\xff\""), "", "invalid UTF-8"},
		{"lone surrogate", vodWith("MediaId", `"\ud800"`), "", "surrogate"},
		{"over 1 MiB", vodWith("X", `"`+strings.Repeat("x", events.MaxSize)+`"`), "", "bytes"},
		{"number too large", vodWith("X", `1e400`), "", "beyond"},
		{"number too large, deep", vodWith("X", `{"a":[1,-1e309]}`), "", "beyond"},
		{"no type", vodWith("EventType", ""), "EventType", "nothing"},
		{"type null", vodWith("EventType", "null"), "EventType", "null"},
		{"type empty", vodWith("EventType", `""`), "EventType", `""`},
		{"type a number", vodWith("EventType", `5`), "EventType", "5"},
		{"names match exactly", strings.ReplaceAll(vodWith("", ""), "MediaId", "mediaid"), "MediaId", "nothing"},
		{"no time", vodWith("EventTime", ""), "EventTime", "nothing"},
		{"time in words", vodWith("EventTime", `"yesterday"`), "EventTime", `"yesterday"`},
		{"time without zone", vodWith("EventTime", `"2018-12-26T14:34:09"`), "EventTime", "2018"},
		{"time with a blank", vodWith("EventTime", `"2018-12-26 14:34:09Z"`), "EventTime", "2018"},
		{"time that is no date", vodWith("EventTime", `"2018-02-30T14:34:09Z"`), "EventTime", "2018"},
		{"time before the calendar", vodWith("EventTime", `"0000-01-01T00:00:00+01:00"`), "EventTime", "0000"},
		{"time beyond the calendar", vodWith("EventTime", `"9999-12-31T23:59:59-01:00"`), "EventTime", "9999"},
		{"time with an hour of one digit", vodWith("EventTime", `"2018-12-26T4:34:09Z"`), "EventTime", "2018"},
		{"time with an hour of one digit and a fraction", vodWith("EventTime", `"2018-12-26T4:34:09.1Z"`), "EventTime", "2018"},
		{"time with a comma", vodWith("EventTime", `"2018-12-26T14:34:09,5Z"`), "EventTime", "2018"},
		{"time with an offset of a day", vodWith("EventTime", `"2018-12-26T14:34:09+24:00"`), "EventTime", "2018"},
		{"time with an offset of a day back", vodWith("EventTime", `"2018-12-26T14:34:09-24:00"`), "EventTime", "2018"},
		{"time with an offset of 60 minutes", vodWith("EventTime", `"2018-12-26T14:34:09+08:60"`), "EventTime", "2018"},
		{"time with a fraction of no digits", vodWith("EventTime", `"2018-12-26T14:34:09.Z"`), "EventTime", "2018"},
		{"time a number", vodWith("EventTime", `1545834849`), "EventTime", "1545834849"},
		{"no status", vodWith("Status", ""), "Status", "nothing"},
		{"unknown status", vodWith("Status", `"finished"`), "Status", `"finished"`},
		{"status with a blank", vodWith("Status", `"success "`), "Status", `"success "`},
		{"no medium", vodWith("MediaId", ""), "MediaId", "nothing"},
		{"medium null", vodWith("MediaId", "null"), "MediaId", "null"},
		{"medium empty", vodWith("MediaId", `""`), "MediaId", `""`},
		{"medium a number", vodWith("MediaId", "12"), "MediaId", "12"},
		{"no project", vodWith("ProjectId", ""), "ProjectId", "nothing"},
		{"error code an object", vodWith("ErrorCode", `{"a":1}`), "ErrorCode", `{"a":1}`},
		{"a long value is cut", vodWith("Status", `"`+strings.Repeat("é", 1000)+`"`), "Status", `…`},
		{"IMS without status", imsWith("Status", ""), "MessageBody.Status", "nothing"},
		{"IMS without job", imsWith("JobId", ""), "MessageBody.JobId", "nothing"},
		{"IMS job a number", imsWith("JobId", "7"), "MessageBody.JobId", "7"},
		{"IMS body a number", `{"EventType":"ProduceMediaComplete","EventTime":"2018-12-26T14:34:09Z","MessageBody":7}`, "MessageBody", "7"},
		{"IMS body null", `{"EventType":"ProduceMediaComplete","EventTime":"2018-12-26T14:34:09Z","MessageBody":null}`, "MessageBody", "null"},
		{"IMS body no object", `{"EventType":"ProduceMediaComplete","EventTime":"2018-12-26T14:34:09Z","MessageBody":"[]"}`, "MessageBody", "[]"},
		{"IMS body repeats a name", `{"EventType":"ProduceMediaComplete","EventTime":"2018-12-26T14:34:09Z","MessageBody":"{\"JobId\":\"a\",\"JobId\":\"b\"}"}`, "MessageBody", "more than once"},
		{"IMS user an object", `{"EventType":"ProduceMediaComplete","EventTime":"2018-12-26T14:34:09Z","UserId":{},"MessageBody":{"Status":"Success","JobId":"j"}}`, "UserId", "{}"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := events.Parse([]byte(tt.in), edits)
			fe, ok := errors.AsType[*events.FieldError](err)
			if !ok {
				t.Fatalf("Parse(%s) = %+v, %v; want a FieldError", tt.in, got, err)
			}
			if fe.Member != tt.member || !strings.Contains(fe.Found, tt.found) || fe.Want == "" {
				t.Errorf("error %q: member %q, found %q; want member %q, found …%s…", err, fe.Member, fe.Found, tt.member, tt.found)
			}
			if strings.ContainsAny(err.Error(), "\n\r\x00") || len(err.Error()) > 400 {
				t.Errorf("error %q is not one short line", err)
			}
			if got != (events.Event{}) {
				t.Errorf("an error comes with %+v, want the zero value", got)
			}
		})
	}
}

func TestParseAccepts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, in string
		field    string
		want     any
	}{
		{"status in capitals", vodWith("Status", `"SUCCESS"`), "Status", events.Success},
		{"status Failed", vodWith("Status", `"Failed"`), "Status", events.Fail},
		{"status FAIL", vodWith("Status", `"FAIL"`), "Status", events.Fail},
		{"offset", vodWith("EventTime", `"2018-12-26T22:34:09+08:00"`), "EventTime", time.Date(2018, 12, 26, 14, 34, 9, 0, time.UTC)},
		{"fraction", vodWith("EventTime", `"2018-12-26T14:34:09.25Z"`), "EventTime", time.Date(2018, 12, 26, 14, 34, 9, 250e6, time.UTC)},
		{"lower case", vodWith("EventTime", `"2018-12-26t14:34:09z"`), "EventTime", time.Date(2018, 12, 26, 14, 34, 9, 0, time.UTC)},
		{"error code null", vodWith("ErrorCode", `null`), "ErrorCode", ""},
		{"error code empty", vodWith("ErrorCode", `""`), "ErrorCode", ""},
		{"escapes", vodWith("ErrorMessage", `"\u003c\ud83d\ude00\n"`), "ErrorMessage", "<😀\n"},
		{"Extend, text", vodWith("Extend", `"{\"a\": 1}"`), "UserData", `{"a": 1}`},
		{"Extend, JSON", vodWith("Extend", `{"a" : [1.0, 2]}`), "UserData", `{"a":[1.0,2]}`},
		{"MessageBody of a VOD event is unknown when empty", vodWith("MessageBody", `null`), "Producer", events.VOD},
		{"IMS without medium", imsWith("", ""), "MediaID", ""},
		{"IMS user data", imsWith("UserData", `{"x": true}`), "UserData", `{"x":true}`},
		{"IMS body as text", `{"EventType":"ProduceMediaComplete","EventTime":"2018-12-26T14:34:09Z","MessageBody":"{\"Status\":\"fail\",\"JobId\":\"j\"}"}`, "JobID", "j"},
		{"IMS user as spelled", `{"EventType":"ProduceMediaComplete","EventTime":"2018-12-26T14:34:09Z","UserId":12345678901234567890,"MessageBody":{"Status":"fail","JobId":"j"}}`, "UserID", "12345678901234567890"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := events.Parse([]byte(tt.in), edits)
			if err != nil {
				t.Fatal(err)
			}
			if field := reflect.ValueOf(got).FieldByName(tt.field).Interface(); field != tt.want {
				t.Errorf("%s = %#v, want %#v", tt.field, field, tt.want)
			}
		})
	}
}

func TestParseTellsOtherTypesApart(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		string(eventtest.Sample(t, "other-type.json")),
		`{"EventType":"BatchProduceMediaComplete","MessageBody":5}`,
		`{"EventType":"producemediacomplete"}`,
	} {
		event, err := events.Parse([]byte(in), edits)
		if !errors.Is(err, events.ErrOtherType) || event != (events.Event{EventType: event.EventType}) || event.EventType == "" {
			t.Errorf("Parse(%s) = %+v, %v; want ErrOtherType and the type", in, event, err)
		}
	}
}

func TestSubject(t *testing.T) {
	t.Parallel()
	for want, event := range map[string]events.Event{"m": {MediaID: "m", JobID: "j"}, "j": {JobID: "j"}, "": {}} {
		if got := event.Subject(); got != want {
			t.Errorf("Subject of %+v = %q, want %q", event, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	eventtest.Seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := events.Parse(data, edits)
		if err != nil {
			other := errors.Is(err, events.ErrOtherType)
			if !other && e != (events.Event{}) {
				t.Fatalf("error %v comes with %+v", err, e)
			}
			if _, field := errors.AsType[*events.FieldError](err); field == other {
				t.Fatalf("error of an unexpected type: %T", err)
			}
			return
		}
		if e.Subject() == "" || (e.Status != events.Success && e.Status != events.Fail) || e.EventTime.Location() != time.UTC ||
			(e.Producer == events.VOD && (e.MediaID == "" || e.ProjectID == "")) || (e.Producer == events.IMS && e.JobID == "") {
			t.Fatalf("a guarantee is broken: %+v", e)
		}
	})
}
