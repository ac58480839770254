package reconcile

import (
	"bytes"
	"slices"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/outcome"
	"github.com/vod-callback/recorder/internal/store"
)

// FuzzAnswers reads arbitrary answers of both producers. What is read can be recorded under a key of its own
// and read back; an error has no edit with it.
func FuzzAnswers(f *testing.F) {
	for _, seed := range []any{
		ended("j1", "m1", noon), failedJob("j2", "", noon), madeVideo("v1", "Normal", noon), madeVideo("v2", "ProduceFail", noon),
		map[string]any{"MediaId": "v3", "CreationTime": "2026-11-24T12:00:00Z", "Video": madeVideo("v3", "Blocked", noon)},
	} {
		text, err := json.Marshal(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	for _, seed := range []string{
		``, `{}`, `null`, `[]`, `{"JobId":1,"Status":"success","CompleteTime":"2026-11-24T20:00:00+08:00","UserData":{"a": 1}}`,
		`{"JobId":"..","Status":"FAILED","ModifiedTime":"2026-11-24T12:00:00.5Z","Code":null}`, `{"JobId":"\ud800"}`, "{\"JobId\":\"\xff\"}",
		`{"VideoId":"/","Status":"Normal","CreationTime":"0000-01-01T00:00:00Z"}`, `{"VideoId":"a","Video":{"Video":{}}}`,
		`{"JobId":"a","Status":"Success","CompleteTime":"9999-12-31T23:59:59-12:00"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, name := range []events.Producer{events.IMS, events.VOD} {
			e, err := Read(name, raw)
			if err != nil {
				if e.ID() != "" || e.Raw != nil {
					t.Fatalf("%+v beside the error %v", e, err)
				}
				continue
			}
			if e.ID() == "" || (e.Status != "") == e.EventTime.IsZero() && e.EventTime.Year() > 1 {
				t.Fatalf("%s becomes %+v", raw, e)
			}
			checkFinding(t, e)
		}
	})
}

// checkFinding checks the record of an edit.
func checkFinding(t *testing.T, e Edit) {
	if e.Status == "" {
		return
	}
	o := e.Outcome(outcome.Facts{ReceivedAt: noon.Format(outcome.TimeFormat)})
	entry, err := entryOf(o)
	if err != nil {
		return // a year of five digits, in UTC
	}
	if bytes.IndexByte(entry.Body, '\n') != len(entry.Body)-1 {
		t.Fatalf("line %q", entry.Body)
	}
	if _, subject, err := ParseKey(entry.Key); err != nil || subject != e.ID() {
		t.Fatalf("key %q of %q, %v", entry.Key, e.ID(), err)
	}
	stored, err := store.ReadRecord(entry.Body)
	if err != nil {
		if e.EventTime.IsZero() {
			return // 0001-01-01 counts as no time
		}
		t.Fatalf("%s: %v", entry.Body, err)
	}
	again, err := Read(e.Producer, stored.Raw)
	if err != nil || again.ID() != e.ID() || !again.EventTime.Equal(e.EventTime) || again.Status != e.Status {
		t.Fatalf("%s is read again as %+v, %v", stored.Raw, again, err)
	}
}

// FuzzPage reads arbitrary pages of both producers: every page is an error or has edits that can be told
// apart, and no page of a listing is taken for its end while media are lacking.
func FuzzPage(f *testing.F) {
	for _, seed := range []string{
		`{"RequestId":"A","MediaProducingJobList":[{"JobId":"j","Status":"Success","CompleteTime":"2026-11-24T12:00:00Z"}]}`,
		`{"MediaProducingJobList":[],"NextToken":"t"}`, `{"Total":1,"MediaList":[{"MediaId":"a","Video":{"Status":"Normal","ModificationTime":"2026-11-24T12:00:00Z"}}]}`,
		`{"Total":1,"VideoList":{"Video":[{"VideoId":"a","Status":"ProduceFail","CreationTime":"2026-11-24T12:00:00Z"}]}}`, `{"Total":-1}`, `{"Total":1e400}`, `{`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if page, err := decode[jobPage](body); err == nil && page.check(map[text]bool{}) == nil {
			checkPage(t, page.Jobs, readJob)
			if page.NextToken != "" && page.check(map[text]bool{page.NextToken: true}) == nil {
				t.Fatalf("a token is followed again: %s", body)
			}
		}
		page, err := decode[videoPage](body)
		if err != nil {
			return
		}
		checkPage(t, append(page.MediaList, page.VideoList.Video...), readVideo)
		here := map[string]bool{}
		if _, more, err := (videoListing{}).read(page, here); err == nil && !more && len(here) < *page.Total {
			t.Fatalf("%s is the end with %d media", body, len(here))
		}
	})
}

// checkPage reads the items of a page.
func checkPage(t *testing.T, items []jsontext.Value, read func([]byte) (Edit, error)) {
	edits, err := readAllItems(items, read)
	if (err == nil) != (len(edits) == len(items) && !slices.ContainsFunc(edits, func(e Edit) bool { return e.ID() == "" })) {
		t.Fatalf("%d items become %+v, %v", len(items), edits, err)
	}
}
