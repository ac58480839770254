package main

import (
	"fmt"
	"hash/maphash"
	"slices"
	"sync"
	"time"

	"github.com/vod-callback/recorder/cmd/vodctl/internal/query"
)

// followEvery is how often follow lists the store. A store that is slow to list is listed less often, so that
// listing takes at most a tenth of the time.
const followEvery = 2 * time.Second

// follow writes the outcomes, oldest first, and then each newly recorded outcome until the command's context
// ends. That end is not a failure. Each pass lists all days of the time range, because an outcome can be recorded
// after its day has passed.
func (l *listing) follow(out rowWriter) error {
	ctx := l.cmd.Context()
	stderr := l.cmd.ErrOrStderr()
	l.query.Open = out.opens
	l.query.Problem = func(key string, err error) {
		fmt.Fprintf(stderr, "%s: %s\n", harmless(key), harmless(err.Error()))
	}
	seen := keySet{seed: maphash.MakeSeed(), before: map[uint64]bool{}}
	l.query.Known = seen.has
	for first := true; ; first = false {
		start := time.Now()
		err := l.pass(out, &seen, first)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && first:
			return l.source.explain(err)
		case err != nil:
			fmt.Fprintf(stderr, "vodctl: %v\nTrying again.\n", l.source.explain(err))
		}
		if first && terminalWidth(stderr) > 0 {
			fmt.Fprintln(stderr, "Waiting for new outcomes. Press Ctrl-C to stop.")
		}
		select {
		case <-time.After(max(followEvery, 9*time.Since(start))):
		case <-ctx.Done():
			return nil
		}
	}
}

// pass writes the outcomes that were recorded since the last pass.
func (l *listing) pass(out rowWriter, seen *keySet, first bool) (err error) {
	l.query.Progress = new(query.Progress)
	var line *progress
	if first {
		line = showProgress(l.cmd.ErrOrStderr(), func() string { return queryInWords(l.query.Progress) })
	}
	defer func() {
		line.stop()
		seen.commit(err == nil)
	}()
	write := func(row query.Row) error {
		seen.add(row.Key)
		due, err := out.row(row)
		if err == nil && due {
			err = line.above(out.flush)
		}
		return err
	}
	var newest []query.Row // used only with a limit, which selects the newest
	l.query.OldestFirst = l.query.Limit == 0
	for row, failed := range l.query.Rows(l.cmd.Context(), l.source) {
		if failed != nil {
			err = failed
			break
		}
		if l.query.Limit > 0 {
			newest = append(newest, row)
		} else if err := write(row); err != nil {
			return err
		}
	}
	for _, row := range slices.Backward(newest) {
		if err := write(row); err != nil {
			return err
		}
	}
	l.query.Limit = 0
	if flushed := line.above(out.flush); flushed != nil {
		return flushed
	}
	return err
}

// A keySet remembers which keys were seen in earlier passes. It keeps hashes, because there can be many keys.
type keySet struct {
	seed maphash.Seed

	mu      sync.Mutex
	before  map[uint64]bool
	listed  []uint64 // keys listed in this pass
	written []uint64 // those of them that were written
}

// has reports whether the key was seen before this pass.
func (s *keySet) has(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	hash := maphash.String(s.seed, key)
	if s.before[hash] {
		return true
	}
	s.listed = append(s.listed, hash)
	return false
}

// add notes that the key is written.
func (s *keySet) add(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.written = append(s.written, maphash.String(s.seed, key))
}

// commit ends a pass. If the pass failed, only the keys that were written count as seen.
func (s *keySet) commit(complete bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if complete {
		s.written = s.listed
	}
	for _, hash := range s.written {
		s.before[hash] = true
	}
	s.listed, s.written = nil, nil
}
