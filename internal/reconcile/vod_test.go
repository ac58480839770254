package reconcile

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/outcome"
	"github.com/vod-callback/recorder/internal/test/producertest"
)

// video returns a media asset that was created ten minutes before its last change.
func madeVideo(id, status string, at time.Time) producertest.Video {
	return producertest.Video{
		VideoID: id, Title: "title", Status: status, MediaSource: "editing", UserData: `{"Extend":"` + id + `"}`,
		CreationTime: at.Add(-10 * time.Minute).Format(apiTime), ModificationTime: at.Format(apiTime),
	}
}

func TestVOD(t *testing.T) {
	t.Parallel()
	uploaded := madeVideo("uploaded", "Normal", noon)
	uploaded.MediaSource = "general"
	server := &producertest.Server{Videos: []producertest.Video{
		madeVideo("recorded", "Normal", noon), madeVideo("lost", "Normal", noon), madeVideo("reviewed", "Blocked", noon.Add(time.Minute)),
		madeVideo("failed", "ProduceFail", noon.Add(2*time.Minute)), madeVideo("failed and recorded", "ProduceFail", noon),
		madeVideo("under way", "Uploading", noon), madeVideo("early", "Normal", noon.Add(-12*time.Hour-time.Second)),
		madeVideo("late", "Normal", noon.Add(12*time.Hour)), uploaded,
	}}
	// Whether SearchMedia finds failed productions is not known: here it does not find one of them.
	hidden := madeVideo("failed but hidden", "ProduceFail", noon.Add(3*time.Minute))
	hidden.MediaSource = "general"
	server.Videos = append(server.Videos, hidden)
	s := newStore(t)
	s.add("", "recorded", noon)
	s.add("job", "failed and recorded", noon)
	r, err := compare(t, events.VOD, fast(startServer(t, server)), s.open())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"lost", "reviewed", "failed", "failed but hidden"}
	if got := subjects(t, r); r.Ended != 6 || !slices.Equal(got, want) {
		t.Errorf("%d ended, %q missing; want 6, %q", r.Ended, got, want)
	}
	for page := range r.Findings() {
		for _, e := range page {
			status := events.Success
			if strings.HasPrefix(e.MediaID, "failed") {
				status = events.Fail
			}
			o := e.Outcome(outcome.Facts{})
			if o.Status != status || o.JobID != "" || o.ProjectID != "" || o.ErrorCode != "" || o.UserData != `{"Extend":"`+e.MediaID+`"}` || o.EventTime.IsZero() || o.Producer != events.VOD {
				t.Errorf("%+v", o)
			}
			again, err := Read(events.VOD, o.Raw)
			if err != nil || again.MediaID != e.MediaID || again.Submitted != e.Submitted || again.EventTime != e.EventTime || again.Status != e.Status {
				t.Errorf("%s is read as %+v, %v; want %+v", o.Raw, again, err, e)
			}
		}
	}
}

// TestVODUserDataOfMissing: user data costs requests for what is missing, and for nothing else.
func TestVODUserDataOfMissing(t *testing.T) {
	t.Parallel()
	server, s := &producertest.Server{}, newStore(t)
	for i := range 130 {
		id := fmt.Sprintf("v%03d", i)
		server.Videos = append(server.Videos, madeVideo(id, "Normal", noon.Add(time.Duration(i)*time.Minute)))
		if i < 80 {
			s.add("", id, noon)
		}
	}
	r, err := compare(t, events.VOD, fast(startServer(t, server)), s.open())
	if err != nil {
		t.Fatal(err)
	}
	if r.Ended != 130 || r.Missing != 50 {
		t.Errorf("%+v", r)
	}
	actions := map[string]int{}
	for _, r := range server.Requests() {
		actions[r.Action]++
	}
	// for 20 of the second page, and for 30 of the third
	if want := "map[GetVideoInfos:3 GetVideoList:1 SearchMedia:3]"; fmt.Sprint(actions) != want {
		t.Errorf("requests %v, want %s", actions, want)
	}
}

func TestVODManyMedia(t *testing.T) {
	t.Parallel()
	server, s := &producertest.Server{}, newStore(t)
	for i := range plainLimit + 200 {
		server.Videos = append(server.Videos, madeVideo(fmt.Sprintf("v%05d", i), "Normal", noon.Add(time.Duration(i)*time.Second)))
	}
	for i := range 300 {
		v := madeVideo(fmt.Sprintf("f%05d", i), "ProduceFail", noon.Add(time.Duration(i)*time.Second))
		v.MediaSource = ""
		server.Videos = append(server.Videos, v)
	}
	endpoint := startServer(t, server)
	r, err := compare(t, events.VOD, fast(endpoint), s.open())
	if err != nil || r.Ended != plainLimit+500 {
		t.Errorf("%+v, %v; want %d ended", r, err, plainLimit+500)
	}
	for i := range server.Videos {
		server.Videos[i].Status = "ProduceFail"
	}
	if r, err := compare(t, events.VOD, fast(endpoint), s.open()); r != nil || err == nil || !strings.Contains(err.Error(), "GetVideoList: VOD lists only 5000 of 5500 media: shorten the time range") {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestVODFaults(t *testing.T) {
	t.Parallel()
	const item = `{"MediaId":"a","CreationTime":"2026-11-24T12:00:00Z","Video":{"VideoId":"a","Status":"Normal","ModificationTime":"2026-11-24T12:00:00Z"`
	for _, tt := range []struct {
		name   string
		action string
		fault  producertest.Fault
		says   string
	}{
		{"no total", "SearchMedia", producertest.Fault{Body: `{"MediaList":[]}`}, "SearchMedia: the answer has no Total"},
		{"cut off", "SearchMedia", producertest.Fault{Body: `{"Total":2,"MediaList":[` + item + `}}]}`}, "SearchMedia: the listing is incomplete: 1 of 2"},
		{"empty and cut off", "SearchMedia", producertest.Fault{Body: `{"Total":2}`}, "SearchMedia: the listing is incomplete: 0 of 2"},
		{"no token", "SearchMedia", producertest.Fault{Body: `{"Total":5001,"MediaList":[` + item + `}}]}`}, "SearchMedia: VOD lists only 5000 of 5001 media"},
		{"what was not searched for", "SearchMedia", producertest.Fault{Body: `{"Total":1,"MediaList":[` + item + `,"MediaSource":"general"}}]}`}, `media ID "a": MediaSource: found "general", want the MediaSource of the search`},
		{"no times", "SearchMedia", producertest.Fault{Body: `{"Total":1,"MediaList":[{"MediaId":"a","Video":{"Status":"Normal"}}]}`}, `media ID "a": ModificationTime: found ""`},
		{"no ID", "GetVideoList", producertest.Fault{Body: `{"Total":1,"VideoList":{"Video":[{"Status":"ProduceFail"}]}}`}, `MediaId: found "", want an ID`},
		{"forbidden list", "GetVideoList", producertest.Fault{Status: 403, Code: "Forbidden.RAM"}, "the credentials need vod:GetVideoList on resource *"},
		{"no user data", "GetVideoInfos", producertest.Fault{Status: 403, Code: "Forbidden.RAM"}, "the credentials need vod:GetVideoInfos on resource *"},
		{"odd user data", "GetVideoInfos", producertest.Fault{Body: `{"VideoList":[{}]}`}, "GetVideoInfos: media ID \"\""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := &producertest.Server{Videos: []producertest.Video{madeVideo("v", "Normal", noon)}}
			server.Fault = func(r producertest.Request) producertest.Fault {
				if r.Action == tt.action {
					return tt.fault
				}
				return producertest.Fault{}
			}
			r, err := compare(t, events.VOD, fast(startServer(t, server)), newStore(t).open())
			if r != nil || err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%+v, %v; want an error with %q", r, err, tt.says)
			}
		})
	}
}

// TestVODMediumIsGone checks that a media asset that was deleted after the listing is still a finding.
func TestVODMediumIsGone(t *testing.T) {
	t.Parallel()
	server := &producertest.Server{Videos: []producertest.Video{madeVideo("v", "Normal", noon)}}
	server.Fault = func(r producertest.Request) producertest.Fault {
		if r.Action == "GetVideoInfos" {
			return producertest.Fault{Body: `{"RequestId":"A","NonExistVideoIds":["v"]}`}
		}
		return producertest.Fault{}
	}
	r, err := compare(t, events.VOD, fast(startServer(t, server)), newStore(t).open())
	if err != nil {
		t.Fatal(err)
	}
	if got := subjects(t, r); !slices.Equal(got, []string{"v"}) {
		t.Errorf("missing %q", got)
	}
}
