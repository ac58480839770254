package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/vod-callback/recorder/cmd/vodctl/internal/report"
)

// reportRanges are the time ranges that a served page offers, beside the one it was started with.
var reportRanges = []struct {
	since string
	label report.Text
}{
	{"24h", report.Text{EN: "24 h", ZH: "24 小时"}},
	{"7d", report.Text{EN: "7 d", ZH: "7 天"}},
	{"30d", report.Text{EN: "30 d", ZH: "30 天"}},
	{"90d", report.Text{EN: "90 d", ZH: "90 天"}},
}

// serve serves reports until ctx ends.
func (r *reporter) serve(ctx context.Context, addr string, flags spanFlags, every time.Duration) error {
	r.source.Store = newCachedStore(r.source.Store, time.Now)
	s := &reportServer{reporter: r, flags: flags, every: every, ctx: ctx, made: map[string]*madeReport{}}
	if _, err := s.current(url.Values{}); err != nil { // so that what is wrong is said here and now
		return err
	}
	listener, err := listen(ctx, "--serve", addr)
	if err != nil {
		return err
	}
	s.addr = listener.Addr()
	fmt.Fprintf(r.stderr, "Serving on %s (Ctrl-C to stop)\n", urlOf(s.addr))
	return serve(ctx, listener, s)
}

// A reportServer serves the newest report of each time range that is asked for. It makes a new one when
// somebody asks and the last is too old; whoever asks meanwhile waits for the same.
type reportServer struct {
	*reporter
	flags spanFlags // with which the command was started
	every time.Duration
	addr  net.Addr
	ctx   context.Context // of the command: a report is not given up because one reader has gone

	mu   sync.Mutex             // held while a report is made
	made map[string]*madeReport // by what was asked for

	health  sync.Mutex
	failing bool      // the last time that the store was read, it could not be
	read    time.Time // when it last could
}

type madeReport struct {
	page report.Report
	at   time.Time
}

// maxMade is how many time ranges are kept. A page is small, but anybody can ask for any range.
const maxMade = 32

// ask returns the flags that a request stands for: its own since and until, or those of the command.
func (s *reportServer) ask(q url.Values) (spanFlags, string) {
	since, until := q.Get("since"), q.Get("until")
	if since == "" && until == "" {
		return s.flags, ""
	}
	flags := s.flags
	if since != "" {
		flags.since, flags.flags = since, nil // given, and not the default
	}
	flags.until = until
	return flags, url.Values{"since": {flags.since}, "until": {until}}.Encode()
}

// current returns a report that is new enough, or the last one with a notice. Where there is neither it is
// an error.
func (s *reportServer) current(q url.Values) (report.Report, error) {
	flags, key := s.ask(q)
	s.mu.Lock()
	defer s.mu.Unlock()
	last := s.made[key]
	if last != nil && time.Since(last.at) < s.every {
		return last.page, nil
	}
	page, bad, err := s.make(s.ctx, flags)
	if _, wrong := errors.AsType[usageError](err); wrong {
		return report.Report{}, err
	}
	s.note(err)
	switch {
	case err == nil && last == nil:
		bad.report(s.stderr)
	case err == nil:
	case last == nil:
		return report.Report{}, err
	default:
		fmt.Fprintf(s.stderr, "vodctl: %v\n", err)
		page = last.page
		at := page.Generated.Format(time.DateTime)
		page.View.Notice = report.Text{
			EN: "This page was made at " + at + " and could not be renewed. The terminal that serves it says why.",
			ZH: "此页面生成于 " + at + "，之后未能更新。原因见提供此页面的终端。",
		}
	}
	page.View.Refresh = int(s.every / time.Second)
	page.View.Ranges = s.ranges(key)
	s.keep(key, page)
	return page, nil
}

func (s *reportServer) keep(key string, page report.Report) {
	maps.DeleteFunc(s.made, func(k string, m *madeReport) bool {
		return k != "" && (len(s.made) >= maxMade || time.Since(m.at) > max(s.every, time.Hour))
	})
	s.made[key] = &madeReport{page, time.Now()}
}

// ranges are the links to other time ranges.
func (s *reportServer) ranges(key string) []report.Range {
	ranges := []report.Range{{Label: report.Text{EN: "as started", ZH: "启动时的范围"}, URL: "?", Current: key == ""}}
	for _, r := range reportRanges {
		q := url.Values{"since": {r.since}}
		_, k := s.ask(q)
		ranges = append(ranges, report.Range{Label: r.label, URL: "?" + q.Encode(), Current: key == k})
	}
	if !slices.ContainsFunc(ranges, func(r report.Range) bool { return r.Current }) {
		asked, _ := url.ParseQuery(key) // ask has encoded it
		label := asked.Get("since") + " – " + asked.Get("until")
		ranges = append(ranges, report.Range{Label: report.Text{EN: label, ZH: label}, URL: "?" + key, Current: true})
	}
	return ranges
}

// note notes whether the store could be read.
func (s *reportServer) note(err error) {
	s.health.Lock()
	defer s.health.Unlock()
	if s.failing = err != nil; !s.failing {
		s.read = time.Now()
	}
}

// ServeHTTP implements http.Handler.
func (s *reportServer) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	answers := map[string]func(http.ResponseWriter, *http.Request){"/": s.page, "/report.json": s.data, "/healthz": s.healthz}
	answer := answers[req.URL.Path]
	switch {
	case !isOwnName(s.addr, req.Host):
		// A page elsewhere that has its name point here (DNS rebinding) is not to read this one.
		http.Error(w, "this address is not served under that name", http.StatusForbidden)
	case answer == nil:
		http.NotFound(w, req)
	case req.Method != http.MethodGet && req.Method != http.MethodHead:
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "GET only", http.StatusMethodNotAllowed)
	default:
		answer(w, req)
	}
}

// page answers with the page about the time range that is asked for.
func (s *reportServer) page(w http.ResponseWriter, req *http.Request) {
	page, ok := s.reportFor(w, req)
	if !ok {
		return
	}
	var b bytes.Buffer
	if err := page.Write(&b); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", report.Policy+"; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	_, _ = w.Write(b.Bytes()) // a client that has gone needs no answer
}

// data answers with the same as JSON.
func (s *reportServer) data(w http.ResponseWriter, req *http.Request) {
	if page, ok := s.reportFor(w, req); ok {
		w.Header().Set("Content-Type", "application/json")
		_ = writeReportJSON(w, page) // a client that has gone needs no answer
	}
}

// reportFor returns the report that a request asks for, or answers why there is none.
func (s *reportServer) reportFor(w http.ResponseWriter, req *http.Request) (report.Report, bool) {
	page, err := s.current(req.URL.Query())
	if _, wrong := errors.AsType[usageError](err); wrong {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return page, false
	}
	if err != nil {
		fmt.Fprintf(s.stderr, "vodctl: %v\n", err)
		http.Error(w, "the store could not be read; the terminal that serves this page says why", http.StatusBadGateway)
		return page, false
	}
	return page, true
}

// healthz answers whether the store could be read the last time that it was. It does not read it itself.
func (s *reportServer) healthz(w http.ResponseWriter, _ *http.Request) {
	s.health.Lock()
	failing, read := s.failing, s.read
	s.health.Unlock()
	w.Header().Set("Content-Type", "application/json")
	status := "ok"
	if failing {
		status = "failing"
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(map[string]string{"status": status, "read_at": read.UTC().Format(time.RFC3339)}) // a client that has gone needs no answer
}
