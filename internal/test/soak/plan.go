package soak

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"time"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/local/sample"
	"github.com/vod-callback/recorder/internal/test/osstest"
)

// A kind is a way of delivering, with what its sender does when the delivery fails.
type kind struct {
	name    string
	share   int    // of all deliveries, in per mille
	trigger string // of the record
	becomes string
	batch   int           // how many events a delivery has at most
	tries   int           // at most
	wait    time.Duration // for an answer
	pause   time.Duration // between two tries, give or take a third
}

// What a delivery becomes.
const (
	event    = "event"
	rejected = "no event"
	ignored  = "another type of event"
	refused  = "not authentic"
)

// The kinds, with the tries, waits and pauses that the platform documents.
var kinds = []kind{
	{"vod http", 380, "http", event, 1, 3, 5 * time.Second, time.Second},
	{"ims http", 220, "http", event, 1, 3, 3 * time.Second, time.Second},
	{"mns topic", 120, "mns_topic", event, 1, 4, functionTimeout, 15 * time.Second},
	{"mns topic stream", 30, "mns_topic", event, 1, 4, functionTimeout, 15 * time.Second},
	{"mns queue", 80, "mns_queue", event, 1, 4, functionTimeout, 15 * time.Second},
	{"mns queue batch", 100, "mns_queue", event, 20, 4, functionTimeout, 15 * time.Second},
	{"direct", 30, "direct", event, 1, 4, functionTimeout, time.Minute},
	{"no event, http", 10, "http", rejected, 1, 3, 5 * time.Second, time.Second},
	{"no event, queue", 10, "mns_queue", rejected, 1, 4, functionTimeout, 15 * time.Second},
	{"other type, http", 10, "http", ignored, 1, 3, 5 * time.Second, time.Second},
	{"stranger, http", 10, "http", refused, 1, 3, 5 * time.Second, time.Second},
}

// A fault is one that the OSS server makes.
type fault struct {
	share  int // of all faults, in per cent
	name   string
	stores bool // the object may be stored in spite of it
	slow   time.Duration
	osstest.Fault
}

var faults = []fault{
	{14, "503", false, 0, osstest.Fault{Status: 503}},
	{10, "500", false, 0, osstest.Fault{Status: 500}},
	{3, "403 expired token", false, 0, osstest.Fault{Status: 403, Code: "SecurityTokenExpired"}},
	{2, "408", false, 0, osstest.Fault{Status: 408}},
	{2, "408 that says 403", false, 0, osstest.Fault{Status: 408, Code: "AccessDenied"}},
	{2, "a proxy's 408", false, 0, osstest.Fault{Status: 408, HTML: true}},
	{4, "a proxy's 502", false, 0, osstest.Fault{HTML: true}},
	{6, "a stranger's 200", false, 0, osstest.Fault{Status: 200, HTML: true}},
	{2, "201", false, 0, osstest.Fault{Status: 201}},
	{2, "204", false, 0, osstest.Fault{Status: 204}},
	{6, "damaged body", false, 0, osstest.Fault{Damage: true}},
	{2, "endless 503", false, 0, osstest.Fault{Status: 503, Break: osstest.Endless}},
	{2, "a stranger's endless 200", false, 0, osstest.Fault{Status: 200, HTML: true, Break: osstest.Endless}},
	{2, "endless answer", true, 0, osstest.Fault{Break: osstest.Endless}},
	{9, "reset before storing", false, 0, osstest.Fault{Break: osstest.ResetBefore}},
	{8, "reset after storing", true, 0, osstest.Fault{Break: osstest.ResetAfter}},
	{4, "half an answer", true, 0, osstest.Fault{Break: osstest.Truncate}},
	{4, "hang", false, 0, osstest.Fault{Break: osstest.Hang}},
	{4, "hang after storing", true, 0, osstest.Fault{Break: osstest.HangAfterStore}},
	{10, "slow answer", true, 300 * time.Millisecond, osstest.Fault{}},
	{2, "very slow answer", true, 4 * time.Second, osstest.Fault{}},
}

// A plan determines what a run does. It depends only on the seed, not on the order of events: every random value is
// derived from the seed and the number of the delivery, or the key and number of the request.
type plan struct{ seed uint64 }

// random returns the source of randomness for one purpose.
func (p plan) random(purpose string, n ...any) *rand.Rand {
	h := fnv.New64a()
	_, _ = fmt.Fprintln(h, append([]any{purpose}, n...)...) // never fails
	return rand.New(rand.NewPCG(p.seed, h.Sum64()))         //nolint:gosec // G404: it has to be repeatable
}

// A delivery is one payload on its way, from its first try to its last.
type delivery struct {
	number int
	kind   kind
	bodies [][]byte // of the events, or of what is none
}

// delivery draws number n. One of seven delivers an event again that an earlier one has delivered.
func (p plan) delivery(n int) delivery {
	d := p.firstDelivery(n)
	r := p.random("again", n)
	if n > 0 && r.IntN(7) == 0 {
		earlier := p.firstDelivery(n - 1 - r.IntN(min(n, 2000)))
		if d.kind.becomes == event && earlier.kind.becomes == event {
			d.bodies[0] = respell(earlier.bodies[0])
		}
	}
	return d
}

// firstDelivery draws number n as it is if it repeats nothing.
func (p plan) firstDelivery(n int) delivery {
	r := p.random("delivery", n)
	d := delivery{number: n}
	pick := r.IntN(1000)
	for _, d.kind = range kinds {
		if pick -= d.kind.share; pick < 0 {
			break
		}
	}
	for i := range 1 + r.IntN(d.kind.batch) {
		d.bodies = append(d.bodies, p.body(d.kind, n, i))
	}
	return d
}

// body draws the text of event i of delivery n.
func (p plan) body(k kind, n, i int) []byte {
	r := p.random("event", n, i)
	id := func() string { return fmt.Sprintf("%016x%016x", r.Uint64(), r.Uint64()) }
	epoch := time.Date(2026, 11, 15, 0, 0, 0, 0, time.UTC)
	e := sample.Event{
		Producer: events.VOD, Status: events.Success, MediaID: id(), ProjectID: id(), JobID: id(),
		Time: epoch.Add(time.Duration(r.IntN(10*24*3600)) * time.Second),
	}
	if k.name == "ims http" || k.name != "vod http" && r.IntN(2) == 0 {
		e.Producer = events.IMS
	}
	if r.IntN(4) == 0 {
		e.Status = events.Fail
	}
	if r.IntN(50) == 0 { // IDs can contain any characters
		odd := []string{"a/b", "..", "x y%2F", "é\u2028\u202e", "\"<&>\\", "-_.~"}
		e.MediaID = odd[r.IntN(len(odd))] + e.MediaID[:24]
	}
	switch k.becomes {
	case ignored:
		return bytes.Replace(e.JSON(), []byte(events.TypeProduceMediaComplete), []byte("FileUploadComplete"), 1)
	case rejected:
		return bytes.Replace(e.JSON(), []byte(`"EventTime"`), []byte(`"EventDate"`), 1)
	}
	return e.JSON()
}

// respell returns the same event with other white space and in another order.
func respell(event []byte) []byte {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(event, &members); err != nil {
		panic(err) // sample makes JSON
	}
	out, err := json.MarshalIndent(members, "", "\t")
	if err != nil {
		panic(err)
	}
	return out
}

// fault determines the fault of the nth request for a key. The given share of requests fails. For one key of a hundred
// every request fails until the replay.
func (p plan) fault(key string, nth int, share float64) fault {
	doomed := p.random("doomed", key).IntN(100) == 0
	r := p.random("fault", key, nth)
	if !doomed && r.Float64() >= share {
		return fault{}
	}
	for {
		pick := r.IntN(100)
		for _, f := range faults {
			if pick -= f.share; pick < 0 && (!doomed || !f.stores) {
				if f.slow > 0 {
					f.Delay = time.Duration(r.Int64N(int64(f.slow)))
				}
				return f
			}
		}
	}
}

// kill says whether a try has its instance killed, and how long after its beginning.
func (p plan) kill(delivery, try int) (after time.Duration, yes bool) {
	r := p.random("kill", delivery, try)
	return time.Duration(r.ExpFloat64() * float64(3*time.Millisecond)), r.IntN(100) == 0
}

// pause is how long a sender waits before a try that is not its first.
func (p plan) pause(d delivery, try int, pace float64) time.Duration {
	return time.Duration(float64(d.kind.pause) * pace * (2 + 2*p.random("pause", d.number, try).Float64()) / 3)
}
