package events_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/events/testdata"
	"github.com/vod-callback/recorder/internal/test/eventtest"
)

// everything is RECORD_EVENTS=*.
var everything = events.Selection{events.AllTypes}

// TestSamplesOfEveryType names what the published sample of each type becomes.
func TestSamplesOfEveryType(t *testing.T) {
	t.Parallel()
	at := func(s string) time.Time {
		u, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	march := at("2017-03-20T07:49:17Z")
	want := map[string]events.Event{
		"AIMediaAuditComplete": {EventTime: at("2022-10-20T10:29:46.54Z"), Status: "success", MediaID: "SHEN38505NDF9****", JobID: "43q91jdh7df****"},
		"AIMediaDNAComplete": {EventTime: at("2017-03-20T07:49:17.025Z"), Status: "success", MediaID: "3D12340d92cjsw83k1fab46a0b847fd****",
			JobID: "88c6ca184c0edj384a5b665e2a12****"},
		"AIVideoTagComplete":          {EventTime: march, Status: "success", MediaID: "3D12340d92cjsw83k1fab46a0b847fd****", JobID: "88c6ca184c0edj384a5b665e2a12****"},
		"AddLiveRecordVideoComplete":  {EventTime: at("2017-12-08T09:26:17Z"), Status: "success", MediaID: "43q9fjdhef****"},
		"AttachedMediaUploadComplete": {EventTime: at("2019-01-20T07:49:17Z"), Status: "success", MediaID: "62cb3151eba52js82j2da3b55bc5****", MediaURL: "https://example.aliyundoc.com/ABEBDE1JSU79FD4D****/ba52js82j2da3b55bc5****.png"},
		"BatchProduceMediaComplete": {EventTime: at("2024-01-09T08:37:24Z"), JobID: "61195f35cc7d4786a0bda02390cb4587", UserData: `{"NotifyAddress":"https://**.**.**"}`,
			UserID: "1833202230000000", Producer: events.IMS},
		"CreateAuditComplete": {EventTime: march, Status: "success", MediaID: "<Example ID>"},
		"DeleteMediaComplete": {EventTime: march, Status: "fail", MediaID: "1234343b689jsi3ka5422dfe1e47****", ErrorCode: "InvalidVideo.NotFound",
			ErrorMessage: "The video does not exist."},
		"DynamicImageComplete": {EventTime: at("2019-11-05T09:12:58Z"), Status: "success", MediaID: "6a45f222e08fhdjdn2d144503213****", JobID: "3af7e9705cb24js83j231d4c3719****"},
		"FileUploadComplete": {EventTime: march, Status: "success", MediaID: "43q91jdh7df****", UserData: `{"test":"your extend data"}`,
			MediaURL: "http://example-bucket-****.oss-cn-shanghai.aliyuncs.com/27ffc438-164h67f57ef-0005-6884-51a-1****.mp4"},
		"FileUploadComplete-ims": {EventTime: at("2022-07-15T08:48:14Z"), Status: "success", MediaID: "c321b3a0041a71eda1590674a2ce****",
			MediaURL: "http://outin-***.oss-cn-shanghai.aliyuncs.com/sv/93ad7c5-182010aa3dc/93ad7c5-182010a****.mp4", UserID: "1833220977560000", Producer: events.IMS},
		"ImageUploadComplete": {EventTime: at("2024-04-10T01:37:14.627Z"), Status: "success", MediaID: "59bdbf10df76a8d8b6137a5ad12****",
			MediaURL: "https://example-bucket-****.oss-cn-shanghai.aliyuncs.com/image/default/AF8018C2908A434HD73JA678D08B0E****.jpg"},
		"LiveRecordVideoComposeStart": {EventTime: at("2017-12-08T09:26:17Z"), Status: "success", MediaID: "43q9fsjnehdf****"},
		"MediaBaseChangeComplete":     {EventTime: at("2019-06-20T02:18:58Z"), Status: "success", MediaID: "3b46b391419aj294m83b459f7435****"},
		"ProduceMediaComplete": {EventTime: at("2018-12-26T14:34:09Z"), Status: "success", MediaID: "1234343b689*****a5422dfe1e472a41",
			ProjectID: "987624bab6*****d9fcdeefdd974c7aa"},
		"RegisterMediaComplete": {EventTime: at("2024-07-25T09:21:36Z"), Status: "success", MediaID: "4aabe1804a6771ef9748f6f7d6496301", UserID: "1234567890123456", Producer: events.IMS},
		"RestoreMediaComplete": {EventTime: at("2022-06-23T13:11:33Z"), Status: "fail", MediaID: "71151b80f2d471ecb21b472190a9****", ErrorCode: "NoSuchKey",
			ErrorMessage: "OSS bucket or object does not exist"},
		"SnapshotComplete": {EventTime: at("2018-07-31T10:07:31Z"), UserData: "test data"}, // the sample lacks VideoId and Status
		"StreamTranscodeComplete": {EventTime: march, Status: "success", MediaID: "43q9fj74hdf****", JobID: "ddddddddddd", UserData: "test data",
			MediaURL: "http://vod.aliyunsample.com/DBEBDEAJS73J79BE4D1329/52a53151eba5js73ke2da3b55bc5****.mp4"},
		"SubmitMediaRefreshComplete":      {EventTime: at("2026-01-12T07:49:17Z"), Status: "success", MediaID: "ca3a8f6e4957b65806709586****", JobID: "41d465e31957****"},
		"TranscodeComplete":               {EventTime: march, Status: "success", MediaID: "43q9fjsh73f****", UserData: "test data"},
		"UpdateMediaStorageClassComplete": {EventTime: at("2022-06-23T13:11:33Z"), Status: "success", MediaID: "71151b80f2d471ecb21b472190a9****"},
		"UploadByURLComplete":             {EventTime: at("2021-12-21T04:04:01Z"), Status: "success", MediaID: "0a389969855b438a9eb2a1d1efc0****", JobID: "5d018d2bc9400d1831f9868a04e4****"},
		"VideoAnalysisComplete":           {EventTime: at("2018-11-28T10:12:48Z"), Status: "success", MediaID: "84bd5b0566ddj39549986befd0e80****"},
		"WorkflowTaskComplete": {EventTime: at("2026-01-12T07:49:17Z"), Status: "success", MediaID: "5bbf3d1bb9b871edbf0c0764a0fd****", JobID: "d0e6a3c5bb4a4d9ba1f52f7d4f1d****",
			UserID: "1234567890123456"},
	}
	files, err := fs.Glob(testdata.Files, "*Complete*.json")
	if err != nil {
		t.Fatal(err)
	}
	starts, err := fs.Glob(testdata.Files, "*Start.json")
	if err != nil {
		t.Fatal(err)
	}
	if files = append(files, starts...); len(files) != len(want) {
		t.Errorf("%d samples of types, want %d", len(files), len(want))
	}
	for _, file := range files {
		name := strings.TrimSuffix(file, ".json")
		w, ok := want[name]
		if !ok {
			t.Errorf("%s is not in the table", file)
			continue
		}
		w.EventType = strings.TrimSuffix(name, "-ims")
		if w.Producer == "" {
			w.Producer = events.VOD
		}
		if got, err := events.Parse(eventtest.Sample(t, file), everything); err != nil || got != w {
			t.Errorf("%s becomes\n%+v, %v; want\n%+v", file, got, err, w)
		}
	}
}

func TestParseOtherTypes(t *testing.T) {
	t.Parallel()
	event := func(members string) string {
		return `{"EventType":"SnapshotComplete","EventTime":"2018-07-31T10:07:31Z"` + members + `}`
	}
	for _, tt := range []struct {
		name, in string
		want     events.Event // but for type and time
		member   string       // of the FieldError, where the event is refused
	}{
		{"nothing else", event(``), events.Event{Producer: events.VOD}, ""},
		{"the first ID that is there", event(`,"VideoId":"","ImageId":7,"AttachedMediaId":"a"`), events.Event{Producer: events.VOD, MediaID: "7"}, ""},
		{"no texts", event(`,"MediaId":["m"],"JobId":null,"Extend":{"a":1},"Status":true`), events.Event{Producer: events.VOD}, ""},
		{"another status", event(`,"Status":"Finished","Code":"0"`), events.Event{Producer: events.VOD}, ""},
		{"failed, as the AI events say it", event(`,"Status":"Fail","Code":"E1","Message":"why"`), events.Event{Producer: events.VOD, Status: "fail", ErrorCode: "E1", ErrorMessage: "why"}, ""},
		{"failed, both ways", event(`,"Status":"failed","ErrorCode":"E2","Code":"E1"`), events.Event{Producer: events.VOD, Status: "fail", ErrorCode: "E2"}, ""},
		{"successful, as the AI events say it", event(`,"Status":"Succeed","Code":"0","Message":"OK"`), events.Event{Producer: events.VOD, Status: "success"}, ""},
		{"MessageBody as text", event(`,"UserId":12,"MessageBody":"{\"TaskId\":\"t\",\"FileURL\":\"u\"}"`), events.Event{Producer: events.IMS, JobID: "t", MediaURL: "u", UserID: "12"}, ""},
		{"an empty MessageBody", event(`,"MessageBody":null,"MediaId":"m"`), events.Event{Producer: events.VOD, MediaID: "m"}, ""},
		{"a letter of another alphabet", event(`,"Status":"FA\u0130L"`), events.Event{Producer: events.VOD}, ""},
		{"names match exactly", event(`,"mediaid":"m","VideoId ":"v"`), events.Event{Producer: events.VOD}, ""},
		{"no time", `{"EventType":"SnapshotComplete"}`, events.Event{}, "EventTime"},
		{"two colons", `{"EventType":"SnapshotComplete","EventTime":"2018-07-31T10:07:31:62:7Z"}`, events.Event{}, "EventTime"},
		{"a type of another form", `{"EventType":"a/b","EventTime":"2018-07-31T10:07:31Z"}`, events.Event{}, "EventType"},
		{"a type with the name of another folder", `{"EventType":"missing","EventTime":"2018-07-31T10:07:31Z"}`, events.Event{}, "EventType"},
		{"a type that is too long", `{"EventType":"` + strings.Repeat("a", 65) + `","EventTime":"2018-07-31T10:07:31Z"}`, events.Event{}, "EventType"},
		{"a repeated name", event(`,"a":1,"a":2`), events.Event{}, ""},
		{"a repeated name in MessageBody", event(`,"MessageBody":"{\"a\":1,\"a\":2}"`), events.Event{}, "MessageBody"},
		{"a MessageBody that is not an object", event(`,"MessageBody":5`), events.Event{}, "MessageBody"},
		{"ProduceMediaComplete stays strict", `{"EventType":"ProduceMediaComplete","EventTime":"2018-12-26T14:34:09Z","Status":"Succeed","MediaId":"m","ProjectId":"p"}`, events.Event{}, "Status"},
		{"ProduceMediaComplete needs its project", `{"EventType":"ProduceMediaComplete","EventTime":"2018-12-26T14:34:09Z","Status":"success","VideoId":"m"}`, events.Event{}, "MediaId"},
		{"ProduceMediaComplete has its own time", `{"EventType":"ProduceMediaComplete","EventTime":"2018-12-26T14:34:09:627Z","Status":"success","MediaId":"m","ProjectId":"p"}`, events.Event{}, "EventTime"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := events.Parse([]byte(tt.in), everything)
			if tt.want.Producer == "" {
				if fe, ok := errors.AsType[*events.FieldError](err); !ok || fe.Member != tt.member || got != (events.Event{}) {
					t.Errorf("Parse = %+v, %v; want a FieldError of %q", got, err, tt.member)
				}
				return
			}
			tt.want.EventType, tt.want.EventTime = "SnapshotComplete", time.Date(2018, 7, 31, 10, 7, 31, 0, time.UTC)
			if err != nil || got != tt.want {
				t.Errorf("Parse = %+v, %v; want %+v", got, err, tt.want)
			}
		})
	}
}

func TestParseSelection(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in      string
		selects string
		refuses string
		ok      bool
	}{
		{"ProduceMediaComplete", "ProduceMediaComplete", "producemediacomplete", true},
		{" A , b2,,A", "b2", "c", true},
		{"*", "anything", "", true},
		{"*,A", "", "", false},
		{"*,*", "", "", false},
		{"missing", "", "", false},
		{"rejected", "", "", false},
		{"", "", "", false},
		{" , ", "", "", false},
		{"2A", "", "", false},
		{"A B", "", "", false},
		{"A/B", "", "", false},
		{strings.Repeat("a", 64), strings.Repeat("a", 64), "a", true},
		{strings.Repeat("a", 65), "", "", false},
	} {
		got, err := events.ParseSelection(tt.in)
		if (err == nil) != tt.ok || tt.selects != "" && !got.Has(tt.selects) || tt.refuses != "" && got.Has(tt.refuses) {
			t.Errorf("ParseSelection(%q) = %v, %v; want success %v", tt.in, got, err, tt.ok)
		}
	}
}

// FuzzParseOtherTypes checks that an event of any type is either refused or says when it was, in what role.
func FuzzParseOtherTypes(f *testing.F) {
	eventtest.Seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := events.Parse(data, everything)
		if err != nil {
			if _, ok := errors.AsType[*events.FieldError](err); !ok || e != (events.Event{}) {
				t.Fatalf("Parse = %+v, %v; want a FieldError and nothing", e, err)
			}
			return
		}
		if !events.IsType(e.EventType) || e.EventTime.Location() != time.UTC || e.Producer == "" ||
			(e.Status != "" && e.Status != events.Success && e.Status != events.Fail) {
			t.Fatalf("a guarantee is broken: %+v", e)
		}
		strict, err := events.Parse(data, edits)
		if (e.EventType == events.TypeProduceMediaComplete) != (err == nil) || err == nil && strict != e {
			t.Fatalf("read as any type %+v, as an edit %+v, %v", e, strict, err)
		}
	})
}
