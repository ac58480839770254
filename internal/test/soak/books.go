package soak

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// books account for every event of a run, from its delivery to the object in the store. They are safe for
// concurrent use.
type books struct {
	mu       sync.Mutex
	items    map[string]*item
	counts   map[string]map[string]int // by what and which
	took     []time.Duration           // until the function answered
	failures []string                  // violations
}

func newBooks() *books { return &books{items: map[string]*item{}, counts: map[string]map[string]int{}} }

// count counts one of a kind.
func (b *books) count(what, which string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.counts[what] == nil {
		b.counts[what] = map[string]int{}
	}
	b.counts[what][which]++
}

// fail records a violation.
func (b *books) fail(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failures = append(b.failures, fmt.Sprintf(format, args...))
}

// open begins the account of a delivery and returns the items that it must produce.
func (b *books) open(d delivery) (of []*item) {
	b.count("deliveries", d.kind.name)
	for _, body := range d.bodies {
		fresh := newItem(d.kind, body)
		if fresh == nil {
			continue
		}
		b.mu.Lock()
		if known := b.items[fresh.key]; known != nil {
			maps.Copy(known.via, fresh.via)
			fresh = known
		}
		b.items[fresh.key] = fresh
		b.mu.Unlock()
		of = append(of, fresh)
	}
	return of
}

// answered books one try.
func (b *books) answered(d delivery, of []*item, a answer) {
	b.count("answers", a.name)
	if a.wrong {
		b.fail("delivery %d, %s: answer %s", d.number, d.kind.name, a.text)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, it := range of {
		it.promised = it.promised || a.answered
		it.killed = it.killed || a.killed
	}
	if a.answered {
		b.took = append(b.took, a.took)
	}
}

// account compares the store with the books at the end of the run.
func (b *books) account(objects iter.Seq2[string, []byte]) {
	for key, body := range objects {
		it := b.items[itemKey(key)]
		if it == nil {
			b.fail("nobody sent %s", key)
			continue
		}
		it.stored++
		if err := it.compare(body); err != nil {
			b.fail("%s: %v", key, err)
		}
	}
	for key, it := range b.items {
		switch {
		case it.stranger && it.stored > 0:
			b.fail("%s is stored and is not authentic", key)
		case it.stranger:
			b.count("accounted for", "kept out")
		case it.stored > 1:
			b.fail("%s is stored %d times", key, it.stored)
		case it.stored == 1:
			b.count("accounted for", "stored")
		case it.promised:
			b.fail("%s is lost", key)
		case it.killed:
			b.count("accounted for", "given up by senders whose instances were killed")
		default:
			b.fail("%s was never answered", key)
		}
	}
}

// String is the report.
func (b *books) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out strings.Builder
	for _, what := range slices.Sorted(maps.Keys(b.counts)) {
		sum, words := 0, ""
		for _, which := range slices.Sorted(maps.Keys(b.counts[what])) {
			n := b.counts[what][which]
			sum, words = sum+n, fmt.Sprintf("%s, %s %d", words, which, n)
		}
		fmt.Fprintf(&out, "%-14s %d (%s)\n", what, sum, words[2:])
	}
	if slices.Sort(b.took); len(b.took) > 0 {
		at := func(share float64) time.Duration {
			return b.took[int(share*float64(len(b.took)-1))].Round(100 * time.Microsecond)
		}
		fmt.Fprintf(&out, "%-14s p50 %v, p99 %v, max %v\n", "answer time", at(0.5), at(0.99), at(1))
	}
	return out.String()
}
