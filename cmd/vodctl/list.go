package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vod-callback/recorder/cmd/vodctl/internal/query"
	"github.com/vod-callback/recorder/events"
)

func newList() *cobra.Command {
	var from fromFlag
	var sf spanFlags
	var q query.Query
	var status, format string
	var wide bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List recorded outcomes, newest first",
		Long: `List the outcomes of a span of time, newest first.

Times, media and statuses are told by the objects' names alone; an object is
opened only where a filter or a column needs what is in it: with -o table only
failed outcomes are, with --project, --wide, ndjson and csv all of the span.

-o ndjson prints the records as they are stored. -o csv prints a header line with
the record's members, and every text in quotes. So that a spreadsheet runs nothing
that a stranger wrote, a text whose first visible character is = + - or @, or that
begins with ', has one ' before it.

Objects that are no readable record are named and counted on standard error.

` + accessHelp,
		Example: `  vodctl list --since 24h --status fail
  vodctl list --from oss://my-bucket/vod?region=cn-shanghai --since 2026-11-01 --until 2026-11-07
  vodctl list --since 30d --error-code InternalError -o ndjson | jq -r .project_id | sort | uniq -c
  vodctl list --limit 20`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			sp, err := sf.parse(time.Now())
			if err != nil {
				return err
			}
			q.Status = events.Status(status)
			newWriter := formats[format]
			switch {
			case status != "" && q.Status != events.Success && q.Status != events.Fail:
				return usagef("--status %q: want success or fail", status)
			case newWriter == nil:
				return usagef("-o %q: want %s", format, strings.Join(formatNames(), ", "))
			case q.Limit < 0:
				return usagef("--limit %d: want 0 (no limit) or more", q.Limit)
			case q.ErrorCode != "" && q.Status == events.Success:
				return usagef("--error-code with --status success: only failed edits have one")
			case wide && format != "table":
				return usagef("--wide is for -o table; the others have all there is")
			}
			src, err := from.open()
			if err != nil {
				return err
			}
			q.Since, q.Until = sp.since, sp.until
			l := listing{cmd: cmd, source: src, query: q}
			shown, err := l.run(newWriter(cmd.OutOrStdout(), sf.location(), wide))
			if err == nil && shown == 0 {
				filtered := status != "" || q.Media != "" || q.Project != "" || q.ErrorCode != ""
				err = src.nothing(cmd.Context(), cmd.ErrOrStderr(), sp, sf.location(), filtered)
			}
			return err
		},
	}
	f := cmd.Flags()
	from.add(cmd, f)
	sf.add(cmd, f)
	f.StringVar(&status, "status", "", "only these: success or fail")
	f.StringVar(&q.Media, "media", "", "only this medium (its MediaId, or the JobId where IMS gave none)")
	f.StringVar(&q.Project, "project", "", "only this project (its ProjectId)")
	f.StringVar(&q.ErrorCode, "error-code", "", "only outcomes that failed with this code")
	f.IntVar(&q.Limit, "limit", 0, "stop after so many (0: all)")
	f.BoolVar(&wide, "wide", false, "in a table, also project, producer and trigger")
	f.StringVarP(&format, "output", "o", "table", "the format: "+strings.Join(formatNames(), ", "))
	complete(cmd, "status", string(events.Success), string(events.Fail))
	complete(cmd, "output", formatNames()...)
	complete(cmd, "limit", "20", "100")
	for _, free := range []string{"media", "project", "error-code"} {
		complete(cmd, free) // nothing, and above all no file names
	}
	return cmd
}

func formatNames() []string { return slices.Sorted(maps.Keys(formats)) }

// errInterrupted ends a command that was stopped before it had all.
var errInterrupted = errors.New("interrupted: this is what was found so far")

// A listing writes what a query finds.
type listing struct {
	cmd    *cobra.Command
	source source
	query  query.Query
	bad    problems
}

// run writes the outcomes and returns how many there were. Whatever stops it, what was found is written.
func (l *listing) run(out rowWriter) (shown int, err error) {
	l.query.Open = out.opens
	l.query.Problem = l.bad.add
	l.query.Progress = new(query.Progress)
	stderr := l.cmd.ErrOrStderr()
	line := showProgress(stderr, func() string { return queryInWords(l.query.Progress) })
	defer func() {
		line.stop()
		l.bad.report(stderr)
	}()
	var failed error
	for row, err := range l.query.Rows(l.cmd.Context(), l.source) {
		if err != nil {
			failed = err
			break
		}
		shown++
		due, err := out.row(row)
		if err == nil && due {
			err = line.above(out.flush)
		}
		if err != nil {
			return shown, err
		}
	}
	if shown > 0 || failed == nil {
		if err := line.above(out.flush); err != nil {
			return shown, err
		}
	}
	return shown, l.why(l.cmd.Context(), failed)
}

// why returns what a person needs to know of the error that ended a query.
func (l *listing) why(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return errInterrupted
	case err != nil:
		return l.source.explain(err)
	default:
		return nil
	}
}

// queryInWords says how far a query is.
func queryInWords(p *query.Progress) string {
	return fmt.Sprintf("listed %d of %d days, %s keys; opened %s objects", p.DaysListed.Load(), p.Days.Load(),
		thousands(int(p.Keys.Load())), thousands(int(p.Opened.Load())))
}
