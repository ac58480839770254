package sample_test

import (
	"slices"
	"testing"
	"time"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/local/sample"
)

func TestHistory(t *testing.T) {
	t.Parallel()
	to := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	from := to.AddDate(0, 0, -7)
	all := slices.Collect(sample.History(2000, from, to, 1))
	again := slices.Collect(sample.History(2000, from, to, 1))
	failed := 0
	for i, o := range all {
		if o.EventTime.Before(from) || !o.EventTime.Before(to) || i > 0 && o.EventTime.Before(all[i-1].EventTime) {
			t.Fatalf("outcome %d is of %v", i, o.EventTime)
		}
		if (o.Status == events.Fail) != (o.ErrorCode != "") {
			t.Fatalf("outcome %d: %s, error code %q", i, o.Status, o.ErrorCode)
		}
		if o.Status == events.Fail {
			failed++
		}
		if string(o.Raw) != string(again[i].Raw) {
			t.Fatalf("outcome %d differs the second time", i)
		}
	}
	if len(all) != 2000 || failed < 60 || failed > 200 {
		t.Errorf("%d outcomes, %d failed", len(all), failed)
	}
}
