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

// reportRanges are the time ranges that a served page offers in addition to that of the command line.
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
	if _, err := s.current(url.Values{}); err != nil { // an error at the start ends the command
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

// A reportServer serves one report for each requested time range. A request makes a new report if the last one
// is too old. Requests that arrive meanwhile wait for the same report.
type reportServer struct {
	*reporter
	flags spanFlags // the command's
	every time.Duration
	addr  net.Addr
	ctx   context.Context // the command's, because a report continues when the client that asked for it disconnects

	mu   sync.Mutex             // held while a report is made
	made map[string]*madeReport // by time range

	health  sync.Mutex
	failing bool      // the last attempt to read the store failed
	read    time.Time // the last successful attempt
}

type madeReport struct {
	page report.Report
	at   time.Time
}

// maxMade is the maximum number of reports in memory. A page is small, but a client can ask for any time range.
const maxMade = 32

// ask returns the flags for a request, and a key for them: the since and until of the request, or else those of
// the command.
func (s *reportServer) ask(q url.Values) (spanFlags, string) {
	since, until := q.Get("since"), q.Get("until")
	if since == "" && until == "" {
		return s.flags, ""
	}
	flags := s.flags
	if since != "" {
		flags.since, flags.flags = since, nil // an explicit value, not the default
	}
	flags.until = until
	return flags, url.Values{"since": {flags.since}, "until": {until}}.Encode()
}

// current returns a report that is new enough. If the store cannot be read, it returns the last report with a
// notice, or an error if there is none.
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
			EN: "This page was made at " + at + " and could not be updated. The terminal that serves it shows the reason.",
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

// ranges returns the links to the time ranges.
func (s *reportServer) ranges(key string) []report.Range {
	ranges := []report.Range{{Label: report.Text{EN: "default", ZH: "启动时的范围"}, URL: "?", Current: key == ""}}
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

// note remembers whether the store could be read.
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
		// A page of another site can point its own host name to this address (DNS rebinding). It must not read the report.
		http.Error(w, "unknown host name", http.StatusForbidden)
	case answer == nil:
		http.NotFound(w, req)
	case req.Method != http.MethodGet && req.Method != http.MethodHead:
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "GET only", http.StatusMethodNotAllowed)
	default:
		answer(w, req)
	}
}

// page answers with the HTML page.
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
	_, _ = w.Write(b.Bytes()) // the client may have disconnected
}

// data answers with the report as JSON.
func (s *reportServer) data(w http.ResponseWriter, req *http.Request) {
	if page, ok := s.reportFor(w, req); ok {
		w.Header().Set("Content-Type", "application/json")
		_ = writeReportJSON(w, page) // the client may have disconnected
	}
}

// reportFor returns the report for a request. If there is none, it answers the request with an error.
func (s *reportServer) reportFor(w http.ResponseWriter, req *http.Request) (report.Report, bool) {
	page, err := s.current(req.URL.Query())
	if _, wrong := errors.AsType[usageError](err); wrong {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return page, false
	}
	if err != nil {
		fmt.Fprintf(s.stderr, "vodctl: %v\n", err)
		http.Error(w, "the store could not be read; the terminal that serves this page shows the reason", http.StatusBadGateway)
		return page, false
	}
	return page, true
}

// healthz answers whether the last attempt to read the store succeeded. It does not read the store itself.
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
	_ = json.NewEncoder(w).Encode(map[string]string{"status": status, "read_at": read.UTC().Format(time.RFC3339)}) // the client may have disconnected
}
