package reconcile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io/fs"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/vod-callback/recorder/internal/store"
)

// sideBySide is the number of concurrent requests to a store.
const sideBySide = 32

// A comparison compares edits with the names in a store. It keeps a few numbers for each edit and nothing for a
// name. It compares 64-bit hashes of the IDs, with a random seed. With 100,000 edits, the probability of a wrong
// match is one in a hundred million.
//
// An edit has a record if there is a record with its job ID, or else with its media ID, on a day between its
// submission and one day after its end. The names are enough to decide this, so no object is opened, except in two
// cases. If a media ID has several edits, a record belongs to the edit with the record's job_id. If the callback
// had another media ID than the producer reports now, only the job_id in the record is right.
type comparison struct {
	seed maphash.Seed

	mu         sync.Mutex
	edits      []entry
	jobs       map[uint64]int32    // from the job of an edit in the time range to the edit
	media      map[uint64]int32    // from a media ID to its last edit; entry.before leads to the others
	open       map[string]struct{} // the keys of the records of media IDs with several edits
	strays     []string            // the keys of records whose names match no edit
	begin, end int32               // the hours in which the first and the last edit in the time range ended
}

// maxStrays is the maximum number of strays. A store with more of them also has the edits of another region.
const maxStrays = 10_000

// An entry holds what a comparison needs to know about an edit.
type entry struct {
	job        uint64
	before     int32 // the previous edit of the same media ID, or -1
	first      int32 // the day of its submission, in days since 1970
	end        int32 // the hour of its end, in hours since 1970
	page, line int32 // the position of the edit's answer in the spool
	asked      bool  // it ended in the time range; the others only show which media IDs have several edits
	recorded   bool
}

func newComparison() *comparison {
	return &comparison{
		seed: maphash.MakeSeed(), jobs: map[uint64]int32{}, media: map[uint64]int32{}, open: map[string]struct{}{},
		begin: math.MaxInt32, end: math.MinInt32,
	}
}

// add adds an edit. It returns false if the edit is not in the time range, or has been added before.
func (c *comparison) add(e Edit, asked bool, page, line int) bool {
	n := entry{before: -1, page: int32(page), line: int32(line), asked: asked} //nolint:gosec // G115: a page has at most maxAnswer bytes
	if asked {
		n.first, _ = window(e)
		n.end = hourNumber(e.EventTime)
		c.begin, c.end = min(c.begin, n.end), max(c.end, n.end)
	}
	if e.JobID != "" {
		n.job = maphash.String(c.seed, e.JobID)
		if _, ok := c.jobs[n.job]; ok {
			return false
		}
	}
	i := int32(len(c.edits)) //nolint:gosec // G115: two billion edits do not fit into memory
	if e.MediaID != "" {
		id := maphash.String(c.seed, e.MediaID)
		last, several := c.media[id]
		if several {
			n.before = last
			if same := c.ofMedium(last, n.job); same >= 0 && n.job != 0 { // listed twice, first before it ended
				i, n.before = same, c.edits[same].before
			}
		}
		if int(i) == len(c.edits) {
			c.media[id] = i
		}
	} else if !asked {
		return false // no record of another edit can belong to it
	}
	if asked && n.job != 0 {
		c.jobs[n.job] = i
	}
	if int(i) == len(c.edits) {
		c.edits = append(c.edits, n)
	} else if asked {
		c.edits[i] = n
	}
	return asked
}

// ofMedium returns the edit with the job among the edits of a media ID, or -1. last is the last of these edits.
func (c *comparison) ofMedium(last int32, job uint64) int32 {
	i := last
	for i >= 0 && c.edits[i].job != job {
		i = c.edits[i].before
	}
	return i
}

// maxWindow is the maximum number of days from the submission to the end of an edit. The producers keep one year.
const maxWindow = 366

// window returns the first and the last day on which a record of e can be.
func window(e Edit) (first, last int32) {
	end, submitted := dayNumber(e.EventTime), e.Submitted
	if submitted.IsZero() || submitted.After(e.EventTime) {
		submitted = e.EventTime.AddDate(0, 0, -1)
	}
	return max(dayNumber(submitted), end-maxWindow), end + 1
}

// dayNumber and hourNumber return the days and hours since 1970 of a time.
func dayNumber(t time.Time) int32  { return dayOf(hourNumber(t)) }
func hourNumber(t time.Time) int32 { return int32(math.Floor(float64(t.Unix()) / 3600)) }

// dayOf returns the day of an hour.
func dayOf(hour int32) int32 { return int32(math.Floor(float64(hour) / 24)) }

// last returns the last day on which a record of the entry can be.
func (e *entry) last() int32 { return dayOf(e.end) + 1 }

// dayName returns a day in the form of a key.
func dayName(number int32) string {
	return time.Unix(int64(number)*24*60*60, 0).UTC().Format(time.DateOnly)
}

// days returns the days on which records of the edits can be, in order.
func (c *comparison) days() []string {
	days := map[int32]bool{}
	for _, e := range c.edits {
		for day := e.first; e.asked && day <= e.last(); day++ {
			days[day] = true
		}
	}
	names := make([]string, 0, len(days))
	for day := range days {
		names = append(names, dayName(day))
	}
	slices.Sort(names)
	return names
}

// look reads the names below the prefixes once, and opens the records whose names are not enough.
func (c *comparison) look(ctx context.Context, s store.Store, prefixes []string, p *Progress) error {
	err := together(ctx, prefixes, func(ctx context.Context, prefix string) error {
		for o, err := range s.Keys(ctx, prefix) {
			if err != nil {
				return err
			}
			p.Names.Add(1)
			c.see(o.Key)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := c.openAll(ctx, s, slices.Collect(maps.Keys(c.open)), p); err != nil {
		return err
	}
	return c.openAll(ctx, s, c.wantedStrays(), p)
}

// openAll opens records.
func (c *comparison) openAll(ctx context.Context, s store.Store, keys []string, p *Progress) error {
	return together(ctx, keys, func(ctx context.Context, key string) error {
		line, err := s.Get(ctx, key)
		_, large := errors.AsType[*store.TooLargeError](err)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // it was deleted after it was listed
		case err != nil && !large:
			return err
		}
		p.Opened.Add(1)
		// A record that cannot be read counts for every edit of its media ID, because it exists.
		record, _ := store.ReadRecord(line)
		c.opened(key, record.JobID)
		return nil
	})
}

// wantedStrays returns the strays whose time is close to the end of an edit without a record. Strays of other hours
// belong to edits outside the time range.
func (c *comparison) wantedStrays() []string {
	hours := map[int32]bool{}
	for _, e := range c.edits {
		if e.asked && !e.recorded && e.job != 0 {
			hours[e.end-1], hours[e.end], hours[e.end+1] = true, true, true
		}
	}
	return slices.DeleteFunc(c.strays, func(key string) bool {
		facts, _ := store.ParseKey(key) // see has already parsed the key
		return !hours[hourNumber(facts.Time)]
	})
}

// see processes the name of a record. It ignores every other name.
func (c *comparison) see(key string) {
	facts, err := store.ParseKey(key)
	if err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	day, id := dayNumber(facts.Time), maphash.String(c.seed, facts.Media)
	i, isJob := c.jobs[id]
	if isJob {
		c.edits[i].record(day)
	}
	last, isMedium := c.media[id]
	switch {
	case !isMedium && !isJob && len(c.strays) < maxStrays && c.near(hourNumber(facts.Time)):
		c.strays = append(c.strays, key)
	case !isMedium:
	case c.edits[last].before < 0:
		c.edits[last].record(day)
	case c.wants(last, day):
		c.open[key] = struct{}{}
	}
}

// near reports whether an edit in the time range can have ended within about an hour of hour.
func (c *comparison) near(hour int32) bool { return c.begin-1 <= hour && hour <= c.end+1 }

// wants reports whether any edit of a media ID still needs a record of the day. last is the last of these edits.
func (c *comparison) wants(last, day int32) bool {
	for i := last; i >= 0; i = c.edits[i].before {
		if e := c.edits[i]; e.asked && !e.recorded && e.covers(day) {
			return true
		}
	}
	return false
}

// opened processes the job ID of a record. If one of the edits of its media ID has that job ID, the record belongs
// to that edit. Otherwise it may belong to any of them, because VOD's records have no job ID. The media ID of a
// stray has no edits, so only the job ID of a stray counts.
func (c *comparison) opened(key, job string) {
	facts, _ := store.ParseKey(key) // see has already parsed the key
	c.mu.Lock()
	defer c.mu.Unlock()
	day := dayNumber(facts.Time)
	last, ok := c.media[maphash.String(c.seed, facts.Media)]
	if !ok {
		if i, ok := c.jobs[maphash.String(c.seed, job)]; ok {
			c.edits[i].record(day)
		}
		return
	}
	if job != "" {
		if i := c.ofMedium(last, maphash.String(c.seed, job)); i >= 0 {
			c.edits[i].record(day)
			return
		}
	}
	for i := last; i >= 0; i = c.edits[i].before {
		c.edits[i].record(day)
	}
}

// covers reports whether a record of the day can belong to the entry.
func (e *entry) covers(day int32) bool { return e.first <= day && day <= e.last() }

// record notes that there is a record of the day for the entry.
func (e *entry) record(day int32) {
	if e.asked && e.covers(day) {
		e.recorded = true
	}
}

// missing returns the entries in the time range without a record, in the order in which they were added. It ends
// the comparison and frees everything else.
func (c *comparison) missing() []entry {
	c.jobs, c.media, c.open, c.strays = nil, nil, nil, nil
	c.edits = slices.DeleteFunc(c.edits, func(e entry) bool { return !e.asked || e.recorded })
	slices.SortFunc(c.edits, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.page, b.page), cmp.Compare(a.line, b.line))
	})
	return c.edits
}

// asked returns the number of edits in the time range.
func (c *comparison) asked() int {
	n := 0
	for _, e := range c.edits {
		if e.asked {
			n++
		}
	}
	return n
}

// together calls do for every item, with sideBySide concurrent calls. It returns the first error in the order of
// the items.
func together[T any](ctx context.Context, items []T, do func(context.Context, T) error) error {
	for some := range slices.Chunk(items, sideBySide) {
		errs := make([]error, len(some))
		var wait sync.WaitGroup
		for i, item := range some {
			wait.Go(func() { errs[i] = do(ctx, item) })
		}
		wait.Wait()
		for _, err := range errs {
			if err != nil {
				return err
			}
		}
		if ctx.Err() != nil {
			return fmt.Errorf("interrupted: %w", context.Cause(ctx))
		}
	}
	return nil
}
