package main

import (
	"context"
	"iter"
	"regexp"
	"sync"
	"time"

	"github.com/vod-callback/recorder/internal/store"
)

// A cachedStore caches a store for a served report, which reads the store again for each new page.
//
//   - An object is read once, because a record never changes.
//   - A day is listed again as long as the triggers may still deliver its events. They retry for up to one day.
//     Twice that time after the day's end (settled), its listing is cached.
//   - vodctl replay and vodctl reconcile can write to any day at any time. So a cached listing is used for one
//     hour (kept).
//
// The cache holds up to maxCachedBytes. Everything else is read each time.
type cachedStore struct {
	store.Store
	now func() time.Time

	mu       sync.Mutex
	listings map[string]cachedListing // by prefix
	objects  map[string][]byte        // by key
	bytes    int
}

type cachedListing struct {
	objects []store.Object
	listed  time.Time
}

const (
	settled        = 48 * time.Hour
	kept           = time.Hour
	maxCachedBytes = 256 << 20
	maxCachedBody  = 1 << 20 // the largest cached object; a record of an ordinary event is far smaller
	objectOverhead = 100     // the estimated memory of an object in a listing, without its key
)

func newCachedStore(s store.Store, now func() time.Time) *cachedStore {
	return &cachedStore{Store: s, now: now, listings: map[string]cachedListing{}, objects: map[string][]byte{}}
}

// dayPrefix matches the prefix of all objects of one day.
var dayPrefix = regexp.MustCompile(`/dt=(\d{4}-\d{2}-\d{2})/$`)

// isSettled reports whether prefix is the prefix of a day to which no trigger adds objects any more.
func (s *cachedStore) isSettled(prefix string) bool {
	m := dayPrefix.FindStringSubmatch(prefix)
	if m == nil {
		return false
	}
	day, err := time.Parse(time.DateOnly, m[1])
	return err == nil && s.now().Sub(day.AddDate(0, 0, 1)) > settled
}

// Keys implements store.Store.
func (s *cachedStore) Keys(ctx context.Context, prefix string) iter.Seq2[store.Object, error] {
	if !s.isSettled(prefix) {
		return s.Store.Keys(ctx, prefix)
	}
	return func(yield func(store.Object, error) bool) {
		s.mu.Lock()
		l, ok := s.listings[prefix]
		s.mu.Unlock()
		if !ok || s.now().Sub(l.listed) > kept {
			l = cachedListing{listed: s.now()}
			for o, err := range s.Store.Keys(ctx, prefix) {
				if err != nil {
					yield(o, err)
					return
				}
				l.objects = append(l.objects, o)
			}
			s.keepListing(prefix, l)
		}
		for _, o := range l.objects {
			if !yield(o, nil) {
				return
			}
		}
	}
}

func (s *cachedStore) keepListing(prefix string, l cachedListing) {
	s.mu.Lock()
	defer s.mu.Unlock()
	size := sizeOf(l) - sizeOf(s.listings[prefix])
	if s.bytes+size <= maxCachedBytes {
		s.listings[prefix] = l
		s.bytes += size
	}
}

func sizeOf(l cachedListing) int {
	size := 0
	for _, o := range l.objects {
		size += len(o.Key) + objectOverhead
	}
	return size
}

// Get implements store.Store.
func (s *cachedStore) Get(ctx context.Context, key string) ([]byte, error) {
	s.mu.Lock()
	body, ok := s.objects[key]
	s.mu.Unlock()
	if ok {
		return body, nil
	}
	body, err := s.Store.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if size := len(key) + len(body); len(body) <= maxCachedBody && s.bytes+size <= maxCachedBytes && s.objects[key] == nil {
		s.objects[key] = body
		s.bytes += size
	}
	return body, nil
}
