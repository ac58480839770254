package sample

import (
	"encoding/hex"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/outcome"
)

// failures lists the errors of the failed edits in a History, with their relative frequency.
var failures = []struct {
	share         int
	code, message string
}{
	{44, "InvalidParameter.ResourceContentBad", "The resource operated InputFile is bad"},
	{20, "ResourceNotFound.Media", "The source medium %s does not exist or was deleted."},
	{14, "InvalidParameter.Timeline", "VideoTracks[0].VideoTrackClips[2]: TimelineOut is beyond the end of the source"},
	{9, "Forbidden.OSSAccess", "No permission to read oss://example-bucket/source/%s.mp4"},
	{8, "InvalidParameter.ResourceContentBad", "源文件损坏：无法解析第 3 个视频片段"},
	{5, "InternalError", "The request processing has failed due to some unknown error."},
}

// outage is the error of most failures on one afternoon of a History.
var outage = struct{ code, message string }{"ServiceUnavailable.Render", "The rendering cluster is temporarily unavailable. Please try again later."}

// History yields n sample outcomes in [from, to), in order of time. There are more by day than by night. Some have
// failed, most of them on one afternoon near the end. The same arguments give the same outcomes.
func History(n int, from, to time.Time, seed uint64) iter.Seq[outcome.Outcome] {
	h := history{random: rand.New(rand.NewPCG(seed, 1)), from: from, to: to}                                      //nolint:gosec // G404: sample data
	h.trouble = from.Add(time.Duration(0.86 * float64(to.Sub(from)))).Truncate(24 * time.Hour).Add(6 * time.Hour) // 14:00 of UTC+8
	h.troubleEnd = h.trouble.Add(5 * time.Hour)
	return func(yield func(outcome.Outcome) bool) {
		times := make([]time.Time, n)
		for i := range times {
			times[i] = h.time()
		}
		slices.SortFunc(times, time.Time.Compare)
		for _, t := range times {
			if !yield(h.outcome(t)) {
				return
			}
		}
	}
}

// A history generates outcomes.
type history struct {
	random              *rand.Rand
	from, to            time.Time
	trouble, troubleEnd time.Time
}

// time returns a random time. Times in the afternoon (UTC+8) are more frequent, times at the weekend less frequent.
func (h *history) time() time.Time {
	for {
		t := h.from.Add(time.Duration(h.random.Float64() * float64(h.to.Sub(h.from)))).Truncate(time.Second)
		local := t.UTC().Add(8 * time.Hour)
		hour := float64(local.Hour()) + float64(local.Minute())/60
		weight := 0.55 - 0.45*math.Cos((hour-4)/24*2*math.Pi) // lowest at 4 a.m.
		if day := local.Weekday(); day == time.Saturday || day == time.Sunday {
			weight *= 0.6
		}
		if !t.Before(h.from) && h.random.Float64() < weight {
			return t
		}
	}
}

func (h *history) outcome(t time.Time) outcome.Outcome {
	e := Event{
		Producer: events.VOD, Status: events.Success, Time: t,
		MediaID: h.id(), ProjectID: h.id(), JobID: h.id(),
	}
	if h.random.IntN(5) < 2 {
		e.Producer = events.IMS
	}
	inTrouble := !t.Before(h.trouble) && t.Before(h.troubleEnd)
	switch p := h.random.Float64(); {
	case inTrouble && p < 0.45:
		e.Status, e.ErrorCode, e.ErrorMessage = events.Fail, outage.code, outage.message
	case p < 0.035:
		e.Status = events.Fail
		e.ErrorCode, e.ErrorMessage = h.failure()
	}
	return Outcome(e, outcome.Facts{
		Trigger: []string{"http", "mns_queue"}[h.random.IntN(2)], MessageID: "", RequestID: "1-" + h.id()[:8] + "-" + h.id()[:12],
		AccountID: AccountID, Region: Region, ReceivedAt: t.Add(time.Duration(200+h.random.IntN(1800)) * time.Millisecond).UTC().Format(outcome.TimeFormat),
	})
}

func (h *history) failure() (code, message string) {
	pick := h.random.IntN(100)
	for _, f := range failures {
		if pick -= f.share; pick < 0 {
			if f.code == "ResourceNotFound.Media" || f.code == "Forbidden.OSSAccess" {
				return f.code, fmt.Sprintf(f.message, h.id())
			}
			return f.code, f.message
		}
	}
	panic("the shares add up to 100")
}

func (h *history) id() string {
	var b [16]byte
	for i := range b {
		b[i] = byte(h.random.Uint32()) //nolint:gosec // G115: only the low bits are used
	}
	return hex.EncodeToString(b[:])
}

// Outcome returns the record that the function makes of e.
func Outcome(e Event, facts outcome.Facts) outcome.Outcome {
	raw := e.JSON()
	event, err := events.Parse(raw, events.Selection{events.TypeProduceMediaComplete})
	if err != nil {
		panic(err) // JSON returns a valid event
	}
	o, err := outcome.New(event, raw, facts)
	if err != nil {
		panic(err) // the IDs are short enough for a key
	}
	return o
}
