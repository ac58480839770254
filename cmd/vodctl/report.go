package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vod-callback/recorder/cmd/vodctl/internal/report"
)

func newReport() *cobra.Command {
	var from fromFlag
	var sf spanFlags
	var to reportTarget
	var addr, lang string
	var every time.Duration
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Write an HTML report: what failed, why, and what to do",
		Long: `Write one self-contained HTML page. It shows the last failure, what failed and why,
what to do about it, the rejected deliveries, and the edits over time, compared with
the previous time range of the same length. You can mail it, print it, or host it
anywhere. -o json writes the same data as JSON.

--serve serves the page over HTTP instead, with /report.json and /healthz. A request
makes a new page if the last one is older than --refresh. The server reads each record
once. It lists a day on every refresh until two days after its end, then once an hour.
The server does not authenticate its readers: serve on 127.0.0.1, or put an
authenticating proxy in front of it.

report opens only the objects of failed edits; the names of the others contain what it
needs. It lists twice the time range, because it compares.

` + accessHelp,
		Example: `  vodctl report --out report.html
  vodctl report --from 'oss://my-bucket/vod?region=cn-shanghai' --since 30d --out november.html
  vodctl report --serve 8080 --since 24h
  vodctl report --since 24h -o json | jq .causes`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			flags := cmd.Flags()
			switch {
			case addr != "" && (flags.Changed("output") || flags.Changed("out")):
				return usagef("--serve and --out exclude each other")
			case every < time.Second:
				return usagef("--refresh %v: want 1s or more", every)
			}
			language, err := languageOf(lang, os.Getenv)
			if err != nil {
				return err
			}
			if err := to.parse(flags.Changed("out")); err != nil {
				return err
			}
			if _, err := sf.parse(time.Now()); err != nil {
				return err
			}
			src, err := from.open()
			if err != nil {
				return err
			}
			r := reporter{source: src, lang: language, stderr: cmd.ErrOrStderr()}
			if addr != "" {
				return r.serve(cmd.Context(), addr, sf, every)
			}
			return r.write(cmd.Context(), sf, cmd.OutOrStdout(), to)
		},
	}
	f := cmd.Flags()
	from.add(cmd, f)
	sf.add(cmd, f)
	f.StringVar(&to.file, "out", "report.html", "the file to write; - means standard output")
	f.StringVarP(&to.output, "output", "o", "", "the format, html or json; or a file, as --out")
	f.StringVar(&addr, "serve", "", "serve the page on this port or address, such as 8080 or 127.0.0.1:8080, instead of writing a file")
	f.DurationVar(&every, "refresh", time.Minute, "the maximum age of the page, with --serve")
	f.StringVar(&lang, "lang", "", "the initial language of the page: en or zh (default: from LC_ALL, LC_MESSAGES or LANG)")
	if err := errors.Join(cmd.MarkFlagFilename("out", "html"), cmd.MarkFlagFilename("output", "html")); err != nil {
		panic(err) // the flags exist
	}
	complete(cmd, "serve", "8080", "127.0.0.1:8080")
	complete(cmd, "refresh", "10s", "1m", "10m")
	complete(cmd, "lang", "en", "zh")
	return cmd
}

// A reportTarget says where a report is written, and in which format.
type reportTarget struct {
	file   string
	output string // -o: a format, as for list, or else a file
	json   bool
}

// parse reads -o. fileGiven reports whether --out was given.
func (t *reportTarget) parse(fileGiven bool) error {
	switch t.output {
	case "", "html":
	case "json":
		t.json = true
		if !fileGiven {
			t.file = "-"
		}
	case "table", "csv", "ndjson":
		return usagef("-o %s: want html, json, or the name of a file", t.output)
	default:
		if fileGiven {
			return usagef("--out %q and -o %q name different files", t.file, t.output)
		}
		t.file = t.output
	}
	return nil
}

// languageOf returns the language of --lang or, if that is empty, of the environment.
func languageOf(flag string, getenv func(string) string) (report.Lang, error) {
	switch l := report.Lang(flag); l {
	case report.English, report.Chinese:
		return l, nil
	case "":
	default:
		return "", usagef("--lang %q: want en or zh", flag)
	}
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} { // as in POSIX, the first one that is set decides
		if v := getenv(name); v != "" {
			if strings.HasPrefix(strings.ToLower(v), "zh") {
				return report.Chinese, nil
			}
			break
		}
	}
	return report.English, nil
}

// A reporter makes reports of a store.
type reporter struct {
	source source
	lang   report.Lang
	stderr io.Writer
}

// make reads the store and returns a report on the time range, relative to the current time.
func (r *reporter) make(ctx context.Context, flags spanFlags) (report.Report, *problems, error) {
	now := time.Now()
	sp, err := flags.parse(now)
	if err != nil {
		return report.Report{}, nil, err
	}
	bad := new(problems)
	options := report.Options{Source: r.store(), Since: sp.since, Until: sp.until, Now: now, Location: flags.location()}
	b := report.NewBuilder(options)
	if err := r.gather(ctx, b, options, bad); err != nil {
		return report.Report{}, nil, r.why(ctx, err)
	}
	page := b.Report(bad.count(), bad.named())
	page.View.Lang, page.View.Printable, page.View.Command = r.lang, harmless, r.command
	return page, bad, nil
}

// command returns a command line that reads the same store. It always names the store, because the reader of the
// page may have another RECORD_TO.
func (r *reporter) command(args ...string) string {
	words := slices.Concat([]string{"vodctl"}, args, []string{"--from", r.store()})
	if i := slices.Index(r.source.flags, "--profile"); i >= 0 {
		words = append(words, r.source.flags[i:i+2]...)
	}
	for i, w := range words {
		words[i] = shellWord(w)
	}
	return strings.Join(words, " ")
}

// store returns the store's name in a form that is valid in any working directory.
func (r *reporter) store() string {
	if path, err := filepath.Abs(r.source.url); err == nil && !hasScheme.MatchString(r.source.url) {
		return path
	}
	return r.source.url
}

// why adds to err what the user can do about it.
func (r *reporter) why(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.New("interrupted: no report was made")
	}
	return r.source.explain(err)
}

// write makes one report and writes it to a file, or to out if the file is "-".
func (r *reporter) write(ctx context.Context, flags spanFlags, out io.Writer, to reportTarget) error {
	page, bad, err := r.make(ctx, flags)
	if err != nil {
		return err
	}
	if page.Total == 0 {
		sp := span{since: page.Since, until: page.Until}
		if err := r.source.nothing(ctx, r.stderr, sp, flags.location(), false); err != nil {
			return err
		}
	}
	bad.report(r.stderr)
	write := page.Write
	if to.json {
		write = func(w io.Writer) error { return writeReportJSON(w, page) }
	}
	if to.file == "-" {
		return write(out)
	}
	if err := writeFile(to.file, write); err != nil {
		return err
	}
	fmt.Fprintf(r.stderr, "%s: %s, %s failed\n", to.file, plural(page.Total, "edit"), thousands(page.Failed))
	return nil
}

// writeReportJSON writes the report as JSON.
func writeReportJSON(w io.Writer, page report.Report) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(page)
}

// writeFile replaces a file atomically: a concurrent reader sees the old content or the new content.
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
	err = errors.Join(write(tmp), tmp.Chmod(0o644), tmp.Close()) // other users may read the page
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), name)
}
