package soak

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/local/sample"
	"github.com/vod-callback/recorder/internal/test/osstest"
)

// What a run does follows from its seed alone, whatever the order in which things happen to happen:
// everything is drawn from the seed and the number of the delivery, or the key and number of the request.

// A kind is a way of delivering, with what the sender does when it fails.
type kind struct {
	name  string
	share int           // of all deliveries, in per mille
	tries int           // at most
	wait  time.Duration // for an answer
	pause time.Duration // between two tries, give or take a third
	http  bool
	fits  func(*rand.Rand) int // how many events one delivery has; nil: one
}

// The kinds, with the tries, waits and pauses that the platform documents.
var kinds = []kind{
	{name: "vod http", share: 380, tries: 3, wait: 5 * time.Second, pause: time.Second, http: true},
	{name: "ims http", share: 220, tries: 3, wait: 3 * time.Second, pause: time.Second, http: true},
	{name: "mns topic", share: 120, tries: 4, wait: functionTimeout, pause: 15 * time.Second},
	{name: "mns topic stream", share: 30, tries: 4, wait: functionTimeout, pause: 15 * time.Second},
	{name: "mns queue", share: 80, tries: 4, wait: functionTimeout, pause: 15 * time.Second},
	{
		name: "mns queue batch", share: 100, tries: 4, wait: functionTimeout, pause: 15 * time.Second,
		fits: func(r *rand.Rand) int { return 1 + r.IntN(20) },
	},
	{name: "direct", share: 30, tries: 4, wait: functionTimeout, pause: time.Minute},
	{name: rejectedHTTP, share: 10, tries: 3, wait: 5 * time.Second, pause: time.Second, http: true},
	{name: rejectedQueue, share: 10, tries: 4, wait: functionTimeout, pause: 15 * time.Second},
	{name: otherType, share: 10, tries: 3, wait: 5 * time.Second, pause: time.Second, http: true},
	{name: stranger, share: 10, tries: 3, wait: 5 * time.Second, pause: time.Second, http: true},
}

// The kinds that are no event.
const (
	rejectedHTTP  = "no event, http"
	rejectedQueue = "no event, queue"
	otherType     = "another type of event"
	stranger      = "not authentic"
)

// A plan draws the deliveries of a run.
type plan struct{ seed uint64 }

// random returns the source of randomness for one purpose.
func (p plan) random(purpose string, n uint64) *rand.Rand {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%s/%d", purpose, n)      // never fails
	return rand.New(rand.NewPCG(p.seed, h.Sum64())) //nolint:gosec // G404: it has to be repeatable
}

// A delivery is one payload on its way, from its first try to its last.
type delivery struct {
	number uint64
	kind   kind
	bodies [][]byte // of the events, or of what is none
}

// delivery draws one.
func (p plan) delivery(n uint64) delivery {
	r := p.random("delivery", n)
	d := delivery{number: n, kind: drawKind(r)}
	again := r.IntN(1000) < 150 && n > 0
	back := 1 + r.Uint64N(min(n, 2000)+1)
	count := 1
	if d.kind.fits != nil {
		count = d.kind.fits(r)
	}
	for i := range count {
		d.bodies = append(d.bodies, p.body(n, i, d.kind.name))
	}
	if again && back <= n {
		d.redeliver(p.delivery0(n - back))
	}
	return d
}

// delivery0 draws a delivery that repeats no earlier one.
func (p plan) delivery0(n uint64) delivery {
	d := delivery{number: n, kind: drawKind(p.random("delivery", n))}
	d.bodies = [][]byte{p.body(n, 0, d.kind.name)}
	return d
}

// redeliver has d deliver the first event of an earlier delivery, spelled in another way.
func (d *delivery) redeliver(earlier delivery) {
	if d.kind.isEvent() && earlier.kind.isEvent() {
		d.bodies[0] = respell(earlier.bodies[0])
	}
}

func (k kind) isEvent() bool {
	switch k.name {
	case rejectedHTTP, rejectedQueue, otherType, stranger:
		return false
	default:
		return true
	}
}

func drawKind(r *rand.Rand) kind {
	n := r.IntN(1000)
	for _, k := range kinds {
		if n -= k.share; n < 0 {
			return k
		}
	}
	panic("the shares do not add up")
}

// epoch is around when the events happened.
var epoch = time.Date(2026, 11, 15, 0, 0, 0, 0, time.UTC)

// body draws the text of event i of delivery n.
func (p plan) body(n uint64, i int, kind string) []byte {
	r := p.random("event", n<<16|uint64(i)) //nolint:gosec // G115: a small number
	e := sample.Event{
		Producer: events.VOD, Status: events.Success,
		MediaID: drawID(r), ProjectID: drawID(r), JobID: drawID(r),
		Time: epoch.Add(time.Duration(r.IntN(10*24*3600)) * time.Second),
	}
	if kind == "ims http" || kind != "vod http" && r.IntN(2) == 0 {
		e.Producer = events.IMS
	}
	if r.IntN(4) == 0 {
		e.Status = events.Fail
	}
	if r.IntN(50) == 0 { // nobody promises that identifiers are tame
		odd := []string{"a/b", "..", "x y%2F", "é\u2028\u202e", "\"<&>\\", "-_.~"}
		e.MediaID = odd[r.IntN(len(odd))] + e.MediaID[:8]
	}
	body := e.JSON()
	switch kind {
	case otherType:
		return bytes.Replace(body, []byte(events.TypeProduceMediaComplete), []byte("FileUploadComplete"), 1)
	case rejectedHTTP, rejectedQueue:
		return bytes.Replace(body, []byte(`"EventTime"`), []byte(`"EventDate"`), 1)
	}
	return body
}

func drawID(r *rand.Rand) string {
	b := make([]byte, 16)
	for i := range b {
		b[i] = byte(r.IntN(256)) //nolint:gosec // G115: it fits
	}
	return hex.EncodeToString(b)
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

// A fault is one that the OSS server makes, with a name for the report.
type fault struct {
	name string
	osstest.Fault
}

// fault draws what happens to the nth request for a key: share of them fail. A doomed key fails as long
// as its senders try.
func (p plan) fault(key string, nth int, share float64) fault {
	r := p.random("fault "+key, uint64(nth)) //nolint:gosec // G115: a small number
	if r.Float64() >= share && !p.doomed(key) {
		return fault{}
	}
	short, long := time.Duration(20+r.IntN(280))*time.Millisecond, time.Duration(1+r.IntN(3))*time.Second
	switch n := r.IntN(100); {
	case n < 20:
		return fault{"503", osstest.Fault{Status: http.StatusServiceUnavailable}}
	case n < 35:
		return fault{"500", osstest.Fault{Status: http.StatusInternalServerError}}
	case n < 41:
		return fault{"a proxy's 502", osstest.Fault{HTML: true}}
	case n < 44:
		return fault{"403 expired token", osstest.Fault{Status: http.StatusForbidden, Code: "SecurityTokenExpired"}}
	case n < 61:
		return fault{"slow answer", osstest.Fault{Delay: short, Status: p.failing(key)}}
	case n < 63:
		return fault{"very slow answer", osstest.Fault{Delay: long, Status: p.failing(key)}}
	case n < 75:
		return fault{"reset before storing", osstest.Fault{Break: osstest.ResetBefore}}
	case n < 85 && !p.doomed(key):
		return fault{"reset after storing", osstest.Fault{Break: osstest.ResetAfter}}
	case n < 90 && !p.doomed(key):
		return fault{"half an answer", osstest.Fault{Break: osstest.Truncate}}
	case n < 95 || p.doomed(key):
		return fault{"hang", osstest.Fault{Break: osstest.Hang}}
	default:
		return fault{"hang after storing", osstest.Fault{Break: osstest.HangAfterStore}}
	}
}

// doomed says whether nothing can be stored under a key before the replay.
func (p plan) doomed(key string) bool {
	return p.random("doomed "+key, 0).IntN(100) == 0
}

// failing is the status of an answer that comes late and says no for a doomed key.
func (p plan) failing(key string) int {
	if p.doomed(key) {
		return http.StatusServiceUnavailable
	}
	return 0
}

// kill says whether, and how long after its beginning, a try has its instance killed.
func (p plan) kill(delivery uint64, try int) (after time.Duration, yes bool) {
	r := p.random("kill", delivery<<3|uint64(try)) //nolint:gosec // G115: a small number
	return time.Duration(r.IntN(40)) * time.Millisecond, r.IntN(200) == 0
}

// pauseAfter is how long a sender waits after a failed try.
func (p plan) pauseAfter(d delivery, try int, pace float64) time.Duration {
	r := p.random("pause", d.number<<3|uint64(try)) //nolint:gosec // G115: a small number
	return time.Duration(float64(d.kind.pause) * pace * (2 + 2*r.Float64()) / 3)
}
