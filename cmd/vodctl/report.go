package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/vod-callback/recorder/cmd/vodctl/internal/query"
	"github.com/vod-callback/recorder/cmd/vodctl/internal/report"
	"github.com/vod-callback/recorder/internal/store"
)

func newReport() *cobra.Command {
	var from fromFlag
	var sf spanFlags
	var file, addr string
	var every time.Duration
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Make a page of what became of the edits",
		Long: `Write one HTML page that needs nothing but itself: how many edits ended how, over
time, what failed and why, and the newest failures. It can be mailed, printed, or
put anywhere.

With --serve the page is served instead, and made anew when somebody looks and
the last one is older than --refresh. Whoever reaches the address sees it: keep to
127.0.0.1, or put something before it that asks who is there.

Only what failed is opened; the rest the objects' names tell.

` + accessHelp,
		Example: `  vodctl report -o report.html
  vodctl report --from 'oss://my-bucket/vod?region=cn-shanghai' --since 30d -o november.html
  vodctl report --serve 127.0.0.1:8080 --since 24h`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if addr != "" && cmd.Flags().Changed("output") {
				return usagef("--serve and -o exclude each other")
			}
			if every < time.Second {
				return usagef("--refresh %v: want 1s or more", every)
			}
			if _, err := sf.parse(time.Now()); err != nil {
				return err
			}
			src, err := from.open()
			if err != nil {
				return err
			}
			r := reporter{source: src, flags: sf, stderr: cmd.ErrOrStderr()}
			if addr != "" {
				return r.serve(cmd.Context(), addr, every)
			}
			return r.write(cmd.Context(), cmd.OutOrStdout(), file)
		},
	}
	f := cmd.Flags()
	from.add(cmd, f)
	sf.add(cmd, f)
	f.StringVarP(&file, "output", "o", "report.html", "the file to write, - for standard output")
	f.StringVar(&addr, "serve", "", "serve the page on this address, such as 127.0.0.1:8080, instead of writing it")
	f.DurationVar(&every, "refresh", time.Minute, "with --serve: how old the page may be")
	if err := cmd.MarkFlagFilename("output", "html"); err != nil {
		panic(err) // the flag is there
	}
	complete(cmd, "serve", "127.0.0.1:8080")
	complete(cmd, "refresh", "10s", "1m", "10m")
	return cmd
}

// A reporter makes reports of a store.
type reporter struct {
	source source
	flags  spanFlags
	stderr io.Writer
}

// make counts the outcomes of the span as it is now.
func (r *reporter) make(ctx context.Context) (report.Report, *problems, error) {
	now := time.Now()
	sp, err := r.flags.parse(now)
	if err != nil {
		return report.Report{}, nil, err
	}
	bad := new(problems)
	b := report.NewBuilder(report.Options{
		Source: r.source.url, Since: sp.since, Until: sp.until, Now: now, Location: r.flags.location(),
	})
	q := query.Query{
		Since: sp.since, Until: sp.until,
		Open:     func(k store.KeyFacts) bool { return b.Opens(k.Status) },
		Problem:  bad.add,
		Progress: new(query.Progress),
	}
	line := showProgress(r.stderr, func() string { return queryInWords(q.Progress) })
	defer line.stop()
	for row, err := range q.Rows(ctx, r.source) {
		if err != nil {
			return report.Report{}, nil, r.why(ctx, err)
		}
		b.Add(row)
	}
	rejected, err := query.CountRejected(ctx, r.source, sp.since, sp.until, bad.add)
	if err != nil {
		return report.Report{}, nil, r.why(ctx, err)
	}
	b.Rejected(rejected)
	return b.Report(bad.count(), bad.named()), bad, nil
}

func (r *reporter) why(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.New("interrupted: no report was made")
	}
	return r.source.explain(err)
}

// write makes one report and writes it to a file, or to out where that is called "-".
func (r *reporter) write(ctx context.Context, out io.Writer, file string) error {
	page, bad, err := r.make(ctx)
	if err != nil {
		return err
	}
	if page.Total == 0 {
		sp, err := r.flags.parse(page.Generated)
		if err != nil {
			return err
		}
		if err := r.source.nothing(ctx, r.stderr, sp, r.flags.location(), false); err != nil {
			return err
		}
	}
	bad.report(r.stderr)
	if file == "-" {
		return page.Write(out)
	}
	if err := writeFile(file, page.Write); err != nil {
		return err
	}
	fmt.Fprintf(r.stderr, "%s: %s, %s failed\n", file, plural(page.Total, "edit"), thousands(page.Failed))
	return nil
}

// writeFile replaces a file whole: whoever reads it meanwhile sees the old one or the new one.
func writeFile(name string, write func(io.Writer) error) (err error) {
	tmp, err := os.CreateTemp(filepath.Dir(name), ".vodctl-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(tmp.Name()))
		}
	}()
	err = errors.Join(write(tmp), tmp.Chmod(0o644), tmp.Close()) // a page to be passed on
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), name)
}

// serve serves reports until ctx ends.
func (r *reporter) serve(ctx context.Context, addr string, every time.Duration) error {
	first, bad, err := r.make(ctx) // so that what is wrong is said here and now
	if err != nil {
		return err
	}
	bad.report(r.stderr)
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("--serve: %w", err)
	}
	s := &reportServer{reporter: r, every: every, addr: listener.Addr(), ctx: ctx}
	s.keep(first)
	fmt.Fprintf(r.stderr, "Serving on http://%s/ (Ctrl-C to stop)\n", listener.Addr())
	return serve(ctx, listener, s)
}

// A reportServer serves the newest report. It makes a new one when somebody asks and the last is too old;
// whoever asks meanwhile waits for the same.
type reportServer struct {
	*reporter
	every time.Duration
	addr  net.Addr
	ctx   context.Context // of the command: a report is not given up because one reader has gone

	mu   sync.Mutex // held while a report is made
	last atomic.Pointer[report.Report]
	made time.Time
}

func (s *reportServer) keep(page report.Report) {
	page.Refresh = int(s.every / time.Second)
	s.last.Store(&page)
	s.made = time.Now()
}

// current returns a report that is new enough, or the last one with a notice.
func (s *reportServer) current() report.Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.made) < s.every {
		return *s.last.Load()
	}
	page, _, err := s.make(s.ctx)
	if err != nil {
		fmt.Fprintf(s.stderr, "vodctl: %v\n", err)
		page = *s.last.Load()
		page.Notice = "This is the page of " + page.Generated.Format(time.DateTime) + ": it could not be renewed. The terminal that serves it says why."
	}
	s.keep(page)
	return *s.last.Load()
}

// ServeHTTP implements http.Handler.
func (s *reportServer) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	switch {
	case !s.asked(req.Host):
		// A page elsewhere that has its name point here (DNS rebinding) is not to read this one.
		http.Error(w, "this address is not served under that name", http.StatusForbidden)
		return
	case req.URL.Path != "/":
		http.NotFound(w, req)
		return
	case req.Method != http.MethodGet && req.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "GET only", http.StatusMethodNotAllowed)
		return
	}
	var b bytes.Buffer
	if err := s.current().Write(&b); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", report.Policy+"; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	_, _ = w.Write(b.Bytes()) // a client that has gone needs no answer
}

// asked says whether the Host header is one under which a loopback address is reached. Other addresses
// may have any name.
func (s *reportServer) asked(host string) bool {
	tcp, ok := s.addr.(*net.TCPAddr)
	if !ok || !tcp.IP.IsLoopback() {
		return true
	}
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
