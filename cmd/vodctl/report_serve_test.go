package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"iter"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vod-callback/recorder/cmd/vodctl/internal/report"
	"github.com/vod-callback/recorder/internal/local/sample"
	"github.com/vod-callback/recorder/internal/outcome"
	"github.com/vod-callback/recorder/internal/store"
)

// A memoryStore counts what is asked of it, and fails where fail is set.
type memoryStore struct {
	mu       sync.Mutex
	objects  map[string][]byte
	listings map[string]int // by prefix
	gets     int
	fail     error
}

func newMemoryStore() *memoryStore {
	return &memoryStore{objects: map[string][]byte{}, listings: map[string]int{}}
}

func (s *memoryStore) Types(context.Context) ([]string, error) {
	return []string{outcome.Root}, s.fail
}

func (s *memoryStore) Days(_ context.Context, root string) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	days := map[string]bool{}
	for key := range s.objects {
		if rest, ok := strings.CutPrefix(key, root+"/dt="); ok {
			days[rest[:len(time.DateOnly)]] = true
		}
	}
	return slices.Sorted(maps.Keys(days)), s.fail
}

func (s *memoryStore) Keys(_ context.Context, prefix string) iter.Seq2[store.Object, error] {
	return func(yield func(store.Object, error) bool) {
		s.mu.Lock()
		s.listings[prefix]++
		keys, fail := slices.Sorted(maps.Keys(s.objects)), s.fail
		s.mu.Unlock()
		for _, key := range keys {
			if strings.HasPrefix(key, prefix) && !yield(store.Object{Key: key, Size: 1}, nil) {
				return
			}
		}
		if fail != nil {
			yield(store.Object{}, fail)
		}
	}
}

func (s *memoryStore) Get(_ context.Context, key string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gets++
	body, ok := s.objects[key]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return body, s.fail
}

func (s *memoryStore) set(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func TestCachedStore(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	under := newMemoryStore()
	const recent, old = "E/dt=2026-11-20/", "E/dt=2026-11-19/"
	for _, prefix := range []string{recent, old} {
		under.objects[prefix+"m/a"] = []byte("a")
	}
	s := newCachedStore(under, func() time.Time { return now })
	list := func(prefix string) (keys []string) {
		t.Helper()
		for o, err := range s.Keys(t.Context(), prefix) {
			if err != nil {
				t.Fatal(err)
			}
			keys = append(keys, o.Key)
		}
		return keys
	}
	step := func(name string, wantRecent, wantOld, seen int) {
		t.Helper()
		gotRecent, gotOld := len(list(recent)), len(list(old))
		if gotRecent != seen || under.listings[recent] != wantRecent || under.listings[old] != wantOld {
			t.Errorf("%s: %d and %d keys, after %d and %d listings; want %d of the recent day, after %d and %d",
				name, gotRecent, gotOld, under.listings[recent], under.listings[old], seen, wantRecent, wantOld)
		}
	}
	step("at first", 1, 1, 1)
	under.set(func() { under.objects[recent+"m/b"] = []byte("b") })
	step("a day that may still change", 2, 1, 2)
	now = now.Add(kept)
	step("an hour later", 3, 1, 2)
	now = now.Add(time.Second)
	step("and a bit", 4, 2, 2)
	for range s.Keys(t.Context(), old) {
		break
	}
	list(old + "m/") // a part of a day is listed as it is
	if under.listings[old] != 2 || under.listings[old+"m/"] != 1 {
		t.Errorf("listings %v", under.listings)
	}

	for range 3 {
		if body, err := s.Get(t.Context(), old+"m/a"); string(body) != "a" || err != nil {
			t.Errorf("Get: %q, %v", body, err)
		}
		if _, err := s.Get(t.Context(), "none"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Get of nothing: %v", err)
		}
	}
	if under.gets != 1+3 {
		t.Errorf("%d objects were read, want one once, and what is missing each time", under.gets)
	}

	now = now.Add(2 * kept)
	under.set(func() { under.fail = errors.New("broken") })
	for o, err := range s.Keys(t.Context(), old) {
		if err == nil {
			t.Errorf("of a broken listing: %s", o.Key)
		}
	}
	under.set(func() { under.fail = nil })
	if got := list(old); len(got) != 1 {
		t.Errorf("after a broken listing: %q", got)
	}
}

// newReportServer returns a server of the reports of some outcomes.
func newReportServer(t *testing.T) (*reportServer, *memoryStore) {
	t.Helper()
	s := newMemoryStore()
	now := time.Now()
	for o := range sample.History(200, now.AddDate(0, 0, -10), now, 1) {
		key, err := o.Key()
		if err != nil {
			t.Fatal(err)
		}
		if s.objects[key], err = o.Line(); err != nil {
			t.Fatal(err)
		}
	}
	r := &reporter{source: source{Store: newCachedStore(s, time.Now), url: "memory"}, lang: report.English, stderr: io.Discard}
	return &reportServer{
		reporter: r, flags: spanFlags{since: "48h"}, every: time.Hour, addr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)},
		ctx: t.Context(), made: map[string]*madeReport{},
	}, s
}

func (s *reportServer) get(path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	req := httptest.NewRequest(http.MethodGet, path, nil)
	req.Host = "127.0.0.1"
	s.ServeHTTP(w, req)
	return w
}

func TestReportServer(t *testing.T) {
	t.Parallel()
	s, under := newReportServer(t)
	total := func(path string) int {
		t.Helper()
		var r struct{ Total int }
		if w := s.get(path); w.Code != http.StatusOK || json.Unmarshal(w.Body.Bytes(), &r) != nil {
			t.Fatalf("%s: %d %s", path, w.Code, w.Body)
		}
		return r.Total
	}
	started, week := total("/report.json"), total("/report.json?since=7d")
	if started == 0 || week <= started || total("/report.json?since=30d") != 200 {
		t.Errorf("%d edits in 48 h, %d in a week, %d in a month", started, week, total("/report.json?since=30d"))
	}
	listings := maps.Clone(under.listings)
	total("/report.json")
	if !maps.Equal(listings, under.listings) {
		t.Error("a report that is new enough was made again")
	}
	if w := s.get("/?since=7d"); !strings.Contains(w.Body.String(), `<a href="?since=7d" aria-current="page">`) || w.Header().Get("Content-Security-Policy") == "" {
		t.Errorf("the page of a week does not say so: %v", w.Header())
	}
	for path, want := range map[string]int{
		"/?since=soon": http.StatusBadRequest, "/report.json?until=never": http.StatusBadRequest, "/?since=1h&until=2h": http.StatusBadRequest,
		"/nothing": http.StatusNotFound, "/healthz": http.StatusOK,
	} {
		if w := s.get(path); w.Code != want {
			t.Errorf("%s: %d %s, want %d", path, w.Code, w.Body, want)
		}
	}

	// A refresh lists what may have changed, and opens nothing twice.
	s.every = 0
	gets := under.gets
	total("/report.json?since=7d")
	again := 0
	for prefix, n := range under.listings {
		if strings.HasPrefix(prefix, outcome.Root) && n > listings[prefix] {
			again++
		}
	}
	if again == 0 || again > 5 || under.gets != gets {
		t.Errorf("a refresh listed %d days and read %d objects", again, under.gets-gets)
	}

	under.set(func() { under.fail = errors.New("broken") })
	if w := s.get("/"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "could not be updated") {
		t.Errorf("broken: %d, and no word about it", w.Code)
	}
	if w := s.get("/healthz"); w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), `"failing"`) {
		t.Errorf("broken: healthz %d %s", w.Code, w.Body)
	}
	if w := s.get("/?since=3h"); w.Code != http.StatusBadGateway {
		t.Errorf("broken, and never made: %d", w.Code)
	}
	under.set(func() { under.fail = nil })
	if w := s.get("/"); strings.Contains(w.Body.String(), "could not be updated") || s.get("/healthz").Code != http.StatusOK {
		t.Error("mended, and still failing")
	}
}

// TestReportServerForgets asks for very many time ranges.
func TestReportServerForgets(t *testing.T) {
	t.Parallel()
	s, _ := newReportServer(t)
	for i := range 3 * maxMade {
		s.get("/report.json?since=" + url.QueryEscape((time.Duration(i+1) * time.Minute).String()))
	}
	if len(s.made) > maxMade {
		t.Errorf("%d reports are kept", len(s.made))
	}
}
