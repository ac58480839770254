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

// sideBySide is how many requests to a store are under way at once.
const sideBySide = 32

// A comparison holds edits against the names in a store. It keeps a few numbers for each edit and nothing for
// a name. Identifiers are compared by a hash of 64 bits with a random seed: with 100,000 edits a wrong match has
// a chance of one in a hundred million.
//
// An edit has a record where one of its job or, failing that, of its media ID lies in the days from its
// submission to a day after its end. The names show that, so that no object has to be opened, except in two
// cases. A media ID may have several edits: then a record belongs to the edit whose job_id it has. And the callback
// may have another media ID than the producer reports now: then only the job_id in the record is right.
type comparison struct {
	seed maphash.Seed

	mu         sync.Mutex
	edits      []entry
	jobs       map[uint64]int32    // from the job of an edit that is asked for to the edit
	media      map[uint64]int32    // from a media ID to its last edit; entry.before leads to the others
	open       map[string]struct{} // the keys of the records of media IDs with several edits
	strays     []string            // the keys of records whose names match no edit
	begin, end int32               // the hours in which the first and the last edit ended that are asked for
}

// maxStrays is how many strays are kept. A store with more of them also records the edits of another region.
const maxStrays = 10_000

// An entry is what a comparison knows of an edit.
type entry struct {
	job        uint64
	before     int32 // the edit before it of the same media ID, or -1
	first      int32 // the day of its submission, in days since 1970
	end        int32 // the hour of its end, in hours since 1970
	page, line int32 // where the rest of it is kept
	asked      bool  // whether it is asked for; the others only show which media IDs have several edits
	recorded   bool
}

func newComparison() *comparison {
	return &comparison{
		seed: maphash.MakeSeed(), jobs: map[uint64]int32{}, media: map[uint64]int32{}, open: map[string]struct{}{},
		begin: math.MaxInt32, end: math.MinInt32,
	}
}

// add adds an edit. It returns false where the edit is not asked for, or has been added before.
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
			if same := c.ofMedium(last, n.job); same >= 0 && n.job != 0 { // listed before it ended, and again
				i, n.before = same, c.edits[same].before
			}
		}
		if int(i) == len(c.edits) {
			c.media[id] = i
		}
	} else if !asked {
		return false // it can own no record of another edit
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

// ofMedium returns the edit that has the job among the edits of a media ID, or -1. last is the last of them.
func (c *comparison) ofMedium(last int32, job uint64) int32 {
	i := last
	for i >= 0 && c.edits[i].job != job {
		i = c.edits[i].before
	}
	return i
}

// maxWindow is how many days before its end an edit counts as submitted at most: the producers tell of a year.
const maxWindow = 366

// window returns the days in which a record of e can lie.
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

// last is the last day in which a record of the entry can lie.
func (e *entry) last() int32 { return dayOf(e.end) + 1 }

// dayName returns a day as a key has it.
func dayName(number int32) string {
	return time.Unix(int64(number)*24*60*60, 0).UTC().Format(time.DateOnly)
}

// days returns the days in which records of the edits can lie, in order.
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

// look reads the names below the prefixes once, and opens the records whose names do not suffice.
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
			return nil // it is gone since it was listed
		case err != nil && !large:
			return err
		}
		p.Opened.Add(1)
		// A record that cannot be read counts for every edit of its media ID, because it is there.
		record, _ := store.ReadRecord(line)
		c.opened(key, record.JobID)
		return nil
	})
}

// wantedStrays returns the strays of about the hour in which an edit ended that lacks a record. Those of other
// hours belong to edits that are not asked for.
func (c *comparison) wantedStrays() []string {
	hours := map[int32]bool{}
	for _, e := range c.edits {
		if e.asked && !e.recorded && e.job != 0 {
			hours[e.end-1], hours[e.end], hours[e.end+1] = true, true, true
		}
	}
	return slices.DeleteFunc(c.strays, func(key string) bool {
		facts, _ := store.ParseKey(key) // see has read it
		return !hours[hourNumber(facts.Time)]
	})
}

// see takes the name of a record. It ignores every other name.
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

// near reports whether an edit that is asked for can have ended within about an hour.
func (c *comparison) near(hour int32) bool { return c.begin-1 <= hour && hour <= c.end+1 }

// wants reports whether any edit of a media ID, of which last is the last, lacks a record of the day.
func (c *comparison) wants(last, day int32) bool {
	for i := last; i >= 0; i = c.edits[i].before {
		if e := c.edits[i]; e.asked && !e.recorded && e.covers(day) {
			return true
		}
	}
	return false
}

// opened takes the job of a record. Where one of the edits of its media ID has that job, the record is of that
// edit. Otherwise it may be of any of them, because VOD's records have no job. A stray has a media ID without edits,
// so that only its job counts.
func (c *comparison) opened(key, job string) {
	facts, _ := store.ParseKey(key) // see has read it
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

// covers reports whether a record of the day can be of the entry.
func (e *entry) covers(day int32) bool { return e.first <= day && day <= e.last() }

// record notes that there is a record of the day.
func (e *entry) record(day int32) {
	if e.asked && e.covers(day) {
		e.recorded = true
	}
}

// missing returns the entries that are asked for and have no record, in the order in which they are kept. It
// ends the comparison and frees everything else.
func (c *comparison) missing() []entry {
	c.jobs, c.media, c.open, c.strays = nil, nil, nil, nil
	c.edits = slices.DeleteFunc(c.edits, func(e entry) bool { return !e.asked || e.recorded })
	slices.SortFunc(c.edits, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.page, b.page), cmp.Compare(a.line, b.line))
	})
	return c.edits
}

// asked returns how many edits are asked for.
func (c *comparison) asked() int {
	n := 0
	for _, e := range c.edits {
		if e.asked {
			n++
		}
	}
	return n
}

// together calls do for every item, sideBySide of them at a time, and returns the first error in their
// order.
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
