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
		Short: "Make a page about the edits: what failed, why, and what to do",
		Long: `Write one HTML page that needs nothing but itself: since when nothing has failed,
what failed and why, what to do about it, which deliveries were rejected, and the
edits over time, compared with the time of the same length before. It can be
mailed, printed, or put anywhere. -o json writes the same as data.

With --serve the page is served instead, with /report.json and /healthz beside it,
and made again when somebody looks and the last one is older than --refresh. A
record is read once; a day is listed again until two days after its end, and after
that once an hour. Whoever reaches the address sees the page: keep to 127.0.0.1, or
put something before it that asks who is there.

Only what failed is opened; the objects' names say the rest. Because it compares, it
looks at twice the time range.

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
	f.StringVar(&to.file, "out", "report.html", "the file to write, - for standard output")
	f.StringVarP(&to.output, "output", "o", "", "the format, html or json; or the file to write, as --out")
	f.StringVar(&addr, "serve", "", "serve the page on this port or address, such as 8080 or 127.0.0.1:8080, instead of writing it")
	f.DurationVar(&every, "refresh", time.Minute, "with --serve: how old the page may be")
	f.StringVar(&lang, "lang", "", "the language in which the page begins: en or zh (default: that of LC_ALL or LANG)")
	if err := errors.Join(cmd.MarkFlagFilename("out", "html"), cmd.MarkFlagFilename("output", "html")); err != nil {
		panic(err) // the flags are there
	}
	complete(cmd, "serve", "8080", "127.0.0.1:8080")
	complete(cmd, "refresh", "10s", "1m", "10m")
	complete(cmd, "lang", "en", "zh")
	return cmd
}

// A reportTarget is where a report is written, and in which form.
type reportTarget struct {
	file   string
	output string // -o: a format, as for list, or else a file
	json   bool
}

// parse reads -o. fileGiven says that --out was given.
func (t *reportTarget) parse(fileGiven bool) error {
	switch t.output {
	case "", "html":
	case "json":
		t.json = true
		if !fileGiven {
			t.file = "-"
		}
	case "table", "csv", "ndjson":
		return usagef("-o %s: a report is html or json, or -o names the file to write", t.output)
	default:
		if fileGiven {
			return usagef("--out %q and -o %q name two files", t.file, t.output)
		}
		t.file = t.output
	}
	return nil
}

// languageOf returns the language that --lang asks for, or the environment.
func languageOf(flag string, getenv func(string) string) (report.Lang, error) {
	switch l := report.Lang(flag); l {
	case report.English, report.Chinese:
		return l, nil
	case "":
	default:
		return "", usagef("--lang %q: want en or zh", flag)
	}
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} { // the first that is set decides, as in POSIX
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

// make counts the outcomes of the time range as it is now.
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

// command returns a command line that reads the same store. The page may be read in another shell, so that it
// names the store also where RECORD_TO did.
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

// store returns the store's name as it is valid in any directory.
func (r *reporter) store() string {
	if path, err := filepath.Abs(r.source.url); err == nil && !hasScheme.MatchString(r.source.url) {
		return path
	}
	return r.source.url
}

// why explains what kept a report from being made.
func (r *reporter) why(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.New("interrupted: no report was made")
	}
	return r.source.explain(err)
}

// write makes one report and writes it to a file, or to out where that is called "-".
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

// writeReportJSON writes the report as data.
func writeReportJSON(w io.Writer, page report.Report) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(page)
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
