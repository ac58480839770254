package reconcile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"slices"
	"time"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/outcome"
	"github.com/vod-callback/recorder/internal/record"
	"github.com/vod-callback/recorder/internal/store"
)

// Record keeps findings below missing/, each once. It returns the number of new findings. An error says how many
// findings may not be kept; the others are kept.
func Record(ctx context.Context, to record.Recorder, findings []outcome.Outcome) (fresh int, err error) {
	results := make([]record.Result, len(findings))
	errs := make([]error, len(findings))
	index := make([]int, len(findings))
	for i := range index {
		index[i] = i
	}
	_ = together(ctx, index, func(ctx context.Context, i int) error {
		var e record.Entry
		if e, errs[i] = entryOf(findings[i]); errs[i] == nil {
			results[i], errs[i] = to.Record(ctx, e)
		}
		return nil // continue with the others
	})
	failed := 0
	var first error
	for i := range findings {
		switch {
		case errs[i] != nil || results[i] == 0:
			failed++
			if first == nil {
				first = errs[i]
			}
		case results[i] == record.Recorded:
			fresh++
		}
	}
	if failed > 0 {
		if first == nil {
			first = context.Cause(ctx)
		}
		return fresh, fmt.Errorf("%d of %d findings could not be recorded: %w", failed, len(findings), first)
	}
	return fresh, nil
}

// entryOf returns a finding as an entry for a recorder.
func entryOf(o outcome.Outcome) (record.Entry, error) {
	key, err := Key(o)
	if err != nil {
		return record.Entry{}, err
	}
	line, err := o.Line()
	if err != nil {
		return record.Entry{}, err
	}
	return record.Entry{Key: key, Body: line}, nil
}

// A Finding is the record of an edit that ended without a callback.
type Finding struct {
	Key     string
	Outcome outcome.Outcome // if Err is nil
	Line    []byte          // as stored
	Err     error           // why the object cannot be read
}

// fewFindings is the maximum number of findings for which the records are listed by media ID. With more findings,
// listing whole days needs fewer requests.
const fewFindings = 32

// Missing yields the findings of s whose edit ended between since and until, oldest day first, and that still have
// no record. A record of the same job or media ID, from a late callback or a replay, hides a finding. A zero time
// means no limit. An error ends the sequence.
func Missing(ctx context.Context, s store.Store, since, until time.Time) iter.Seq2[Finding, error] {
	return func(yield func(Finding, error) bool) {
		m := missingReader{store: s, since: since, until: until, held: newComparison()}
		if err := m.read(ctx); err != nil {
			yield(Finding{}, err)
			return
		}
		for f, err := range m.findings(ctx) {
			if !yield(f, err) || err != nil {
				return
			}
		}
	}
}

// A missingReader finds the findings that still have no record.
type missingReader struct {
	store        store.Store
	since, until time.Time
	held         *comparison
	few          []Edit // the first findings
	kept         spool
	keys         [][]string // of each page of kept
}

// read reads the findings and compares them with the records.
func (m *missingReader) read(ctx context.Context) error {
	days, err := m.store.Days(ctx, store.MissingRoot)
	if err != nil {
		return err
	}
	for _, day := range days {
		if !m.since.IsZero() && day < m.since.UTC().Format(time.DateOnly) || !m.until.IsZero() && day > m.until.UTC().Format(time.DateOnly) {
			continue
		}
		var keys []string
		for o, err := range m.store.Keys(ctx, outcome.DayPrefix(store.MissingRoot, day)) {
			if err != nil {
				return err
			}
			keys = append(keys, o.Key)
		}
		for some := range slices.Chunk(keys, sideBySide) {
			if err := m.readSome(ctx, some); err != nil {
				return err
			}
		}
	}
	return m.held.look(ctx, m.store, m.prefixes(), new(Progress))
}

// readSome reads some findings. An object that cannot be read is still a finding, with only a key and an error.
func (m *missingReader) readSome(ctx context.Context, keys []string) error {
	lines := make([][]byte, len(keys))
	index := make([]int, len(keys))
	for i := range index {
		index[i] = i
	}
	gone := make([]bool, len(keys)) // deleted after they were listed
	err := together(ctx, index, func(ctx context.Context, i int) (err error) {
		lines[i], err = m.store.Get(ctx, keys[i])
		_, large := errors.AsType[*store.TooLargeError](err)
		if gone[i] = errors.Is(err, fs.ErrNotExist); gone[i] || large {
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	page := len(m.keys)
	var keptLines [][]byte
	var keptKeys []string
	for i, key := range keys {
		if gone[i] {
			continue
		}
		f := readFinding(key, lines[i])
		t := f.Outcome.EventTime
		if f.Err == nil && (!m.since.IsZero() && t.Before(m.since) || !m.until.IsZero() && !t.Before(m.until)) {
			continue
		}
		e := editOf(f)
		if !m.held.add(e, true, page, len(keptLines)) {
			continue
		}
		if len(m.few) <= fewFindings {
			m.few = append(m.few, e)
		}
		keptLines, keptKeys = append(keptLines, f.Line), append(keptKeys, key)
	}
	if len(keptLines) == 0 {
		return nil
	}
	m.keys = append(m.keys, keptKeys)
	return m.kept.add(keptLines)
}

// readFinding reads one finding. It makes the text one line, also if another program wrote it on several.
func readFinding(key string, line []byte) Finding {
	f := Finding{Key: key}
	_, _, err := ParseKey(key)
	if err == nil {
		f.Outcome, err = store.ReadRecord(line)
	}
	if err != nil {
		f.Err = err
		return f
	}
	f.Line, f.Err = oneLine(line)
	return f
}

// editOf returns the edit of a finding. Only the producer's answer contains the time of submission.
func editOf(f Finding) Edit {
	if f.Err != nil {
		day, subject, _ := ParseKey(f.Key)
		end, _ := time.Parse(time.DateOnly, day)
		return Edit{Event: events.Event{JobID: subject, MediaID: subject, EventTime: end}}
	}
	o := f.Outcome
	said, err := Read(o.Producer, o.Raw)
	if err != nil {
		said = Edit{}
	}
	return Edit{Event: o.Event, Submitted: said.Submitted}
}

// prefixes returns the prefixes of the names that records of the findings can have.
func (m *missingReader) prefixes() []string {
	var prefixes []string
	noMedium := func(e Edit) bool { return e.MediaID == "" } // its record can have any media ID
	if len(m.few) > fewFindings || slices.ContainsFunc(m.few, noMedium) {
		for _, day := range m.held.days() {
			prefixes = append(prefixes, outcome.DayPrefix(outcome.Root, day))
		}
		return prefixes
	}
	for _, e := range m.few {
		first, last := window(e)
		for day := first; day <= last; day++ {
			for _, id := range []string{e.JobID, e.MediaID} {
				if id != "" {
					prefixes = append(prefixes, store.MediaPrefix(outcome.Root, dayName(day), id))
				}
			}
		}
	}
	slices.Sort(prefixes)
	return slices.Compact(prefixes)
}

// findings yields the findings without a record.
func (m *missingReader) findings(ctx context.Context) iter.Seq2[Finding, error] {
	return func(yield func(Finding, error) bool) {
		page, lines := int32(-1), [][]byte(nil)
		for _, e := range m.held.missing() {
			if e.page != page {
				var err error
				page = e.page
				if lines, err = m.kept.page(int(page)); err != nil {
					yield(Finding{}, err)
					return
				}
			}
			key, line := m.keys[page][e.line], lines[e.line]
			f := Finding{Key: key, Err: errUnreadable}
			if len(line) > 0 {
				f = readFinding(key, line)
			}
			if ctx.Err() != nil || !yield(f, nil) {
				return
			}
		}
	}
}

// errUnreadable is the error of a finding whose object is not a record.
var errUnreadable = errors.New("not a record of an edit without a callback")
