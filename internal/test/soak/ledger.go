package soak

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/outcome"
)

// An expectation is something that must be stored in the end, or must not.
type expectation struct {
	key    string // of an outcome, or rejected/ and the digest, without the day of receipt
	event  events.ProduceMediaComplete
	kept   string          // of rejected input
	via    map[string]bool // the triggers that it may have come through
	forbid bool            // it is not authentic

	promised int // tries after which it had to be stored, or in the log
	silent   int // tries that the function never answered
	stored   int // how often it lies in the store
}

// An account is what one delivery is answerable for.
type account struct {
	delivery delivery
	of       []*expectation
}

// A ledger keeps the books. It is safe for concurrent use.
type ledger struct {
	secrets *secrets
	tries   counter
	answers counter

	mu         sync.Mutex
	expected   map[string]*expectation
	deliveries map[string]int
	durations  []Took
	wrong      []string
}

func newLedger(s *secrets) *ledger {
	return &ledger{secrets: s, expected: map[string]*expectation{}, deliveries: map[string]int{}}
}

// open begins the account of a delivery.
func (l *ledger) open(d delivery) *account {
	a := &account{delivery: d}
	var fresh []*expectation
	for _, body := range d.bodies {
		fresh = append(fresh, expect(d, body))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.deliveries[d.kind.name]++
	for _, e := range fresh {
		if e == nil {
			continue
		}
		if known := l.expected[e.key]; known != nil {
			maps.Copy(known.via, e.via)
			e = known
		}
		l.expected[e.key] = e
		a.of = append(a.of, e)
	}
	return a
}

// expect says what a body has to become; nil is nothing.
func expect(d delivery, body []byte) *expectation {
	e := &expectation{via: map[string]bool{triggerOf(d.kind.name): true}, forbid: d.kind.name == stranger}
	switch d.kind.name {
	case otherType:
		return nil
	case rejectedHTTP, rejectedQueue:
		e.kept = string(body)
		e.key = fmt.Sprintf("%s/%x", outcome.RejectedRoot, sha256.Sum256(body))
		return e
	}
	event, err := events.Parse(body)
	if err != nil {
		panic(err) // sample makes events
	}
	o, err := outcome.New(event, body, outcome.Facts{})
	if err != nil {
		panic(err)
	}
	if e.key, err = o.Key(); err != nil {
		panic(err)
	}
	e.event = event
	return e
}

func triggerOf(kind string) string {
	switch {
	case strings.HasPrefix(kind, "mns topic"):
		return "mns_topic"
	case strings.HasPrefix(kind, "mns queue"), kind == rejectedQueue:
		return "mns_queue"
	case kind == "direct":
		return "direct"
	default:
		return "http"
	}
}

// answered books one try.
func (l *ledger) answered(a *account, got answer) {
	name, wrong := judge(a.delivery, got)
	l.answers.add(name)
	l.mu.Lock()
	defer l.mu.Unlock()
	if wrong {
		l.wrong = append(l.wrong, fmt.Sprintf("delivery %d, %s: the answer %s", a.delivery.number, a.delivery.kind.name, got.text))
	}
	for _, e := range a.of {
		if got.what == said {
			e.promised++
		} else {
			e.silent++
		}
	}
	if got.what == said {
		l.durations = append(l.durations, Took{got.duration, time.Now(), a.delivery.kind.name, got.id})
	}
}

// judge names an answer, and says whether it is none that this delivery may get.
func judge(d delivery, got answer) (name string, wrong bool) {
	if got.what == noAnswer {
		return "none", false
	}
	if !d.kind.http {
		switch {
		case got.failed:
			return "failed invocation", false
		case d.kind.name == rejectedQueue:
			return "success", !got.success || got.rejected != 1
		default:
			return "success", !got.success || got.rejected+got.ignored != 0
		}
	}
	want := 200
	switch d.kind.name {
	case stranger:
		want = 401
	case rejectedHTTP:
		want = 400
	}
	may503 := d.kind.name != stranger && d.kind.name != otherType
	return fmt.Sprint(got.status), got.failed || got.status != want && (!may503 || got.status != 503)
}

// A counter counts things by name. It is safe for concurrent use.
type counter struct {
	mu sync.Mutex
	n  map[string]int
}

func (c *counter) add(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		c.n = map[string]int{}
	}
	c.n[name]++
}

func (c *counter) total() (sum int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, n := range c.n {
		sum += n
	}
	return sum
}

// String lists the counts by name.
func (c *counter) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return inWords(c.n)
}

func inWords(counts map[string]int) string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		words = append(words, fmt.Sprintf("%s %d", name, counts[name]))
	}
	return strings.Join(words, ", ")
}
