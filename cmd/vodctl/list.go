package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/vod-callback/recorder/cmd/vodctl/internal/query"
	"github.com/vod-callback/recorder/events"
)

// A listRequest holds the flags of list.
type listRequest struct {
	from     fromFlag
	span     spanFlags
	query    query.Query
	events   string
	status   string
	format   string
	wide     bool
	rejected bool
	follow   bool
}

func newList() *cobra.Command {
	var r listRequest
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List recorded outcomes, newest first",
		Long: `List the outcomes of a time range, newest first.

The names of the objects contain the time, media ID and status. list opens an object
only if a filter or a column needs its content. With -o table it opens only failed
outcomes. With --project, --wide, -o json, -o ndjson and -o csv it opens every object
of the time range.

On a terminal, a table fits the width: IDs are shortened, and the current year is
left out. 'vodctl show' accepts a shortened ID.

-o ndjson prints the records as they are stored. -o json prints them as one array.
-o csv prints a header line and quotes every text. A text that a spreadsheet could
run as a formula (its first visible character is = + - or @) has a ' before it, and
so has a text that begins with '.

--event lists other event types, if the function's RECORD_EVENTS selects them: one or
more types separated by commas, or '*' for all.

--follow prints the recorded outcomes, oldest first, and then each new one, until
Ctrl-C. --rejected lists the deliveries that contained no event, with the reason;
--since and --until then apply to the time of receipt.

list also shows the edits that 'vodctl reconcile --to' found without a record, until
they have one.

Objects that cannot be read as records are counted and named on standard error.

` + accessHelp,
		Example: `  vodctl list --since 24h --status fail
  vodctl list --from 'oss://my-bucket/vod?region=cn-shanghai' --since 2026-11-01 --until 2026-11-07
  vodctl list --since 30d --error-code InternalError -o ndjson | jq -r .project_id | sort | uniq -c
  vodctl list --event StreamTranscodeComplete,TranscodeComplete --status fail
  vodctl list --since today --follow
  vodctl list --rejected --since yesterday`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return r.run(cmd) },
	}
	f := cmd.Flags()
	r.from.add(cmd, f)
	r.span.add(cmd, f)
	f.StringVar(&r.events, "event", events.TypeProduceMediaComplete, "the event types, separated by commas, or * for all")
	f.StringVar(&r.status, "status", "", "only outcomes with this status: success or fail")
	f.StringVar(&r.query.Media, "media", "", "only this media ID (or the JobId of an event without a MediaId)")
	f.StringVar(&r.query.Project, "project", "", "only this project ID")
	f.StringVar(&r.query.ErrorCode, "error-code", "", "only outcomes that failed with this code")
	f.IntVar(&r.query.Limit, "limit", 0, "the maximum number of outcomes (0: no limit); with --follow, how many to begin with")
	f.BoolVar(&r.wide, "wide", false, "in a table, also show project, producer and trigger")
	f.BoolVar(&r.rejected, "rejected", false, "list rejected deliveries instead: time, trigger, reason and key")
	f.BoolVar(&r.follow, "follow", false, "keep printing new outcomes until Ctrl-C")
	f.StringVarP(&r.format, "output", "o", "table", "the format: "+oneOf(formatNames()))
	complete(cmd, "status", string(events.Success), string(events.Fail))
	complete(cmd, "output", formatNames()...)
	complete(cmd, "limit", "20", "100")
	complete(cmd, "event", events.TypeProduceMediaComplete, events.AllTypes)
	for _, free := range []string{"media", "project", "error-code"} {
		complete(cmd, free) // offer nothing; without this the shell offers file names
	}
	return cmd
}

func formatNames() []string { return slices.Sorted(maps.Keys(formats)) }

func (r *listRequest) run(cmd *cobra.Command) error {
	sp, err := r.span.parse(time.Now())
	if err == nil {
		err = r.check(cmd)
	}
	if err != nil {
		return err
	}
	src, err := r.from.open()
	if err != nil {
		return err
	}
	if r.rejected {
		return r.listRejected(cmd, src, sp)
	}
	r.query.Since, r.query.Until = sp.since, sp.until
	l := listing{cmd: cmd, source: src, query: r.query}
	out := formats[r.format](cmd.OutOrStdout(), tableOptions{loc: r.span.location(), wide: r.wide, events: r.events != events.TypeProduceMediaComplete})
	if r.follow {
		return l.follow(out)
	}
	shown, err := l.run(out)
	if err == nil && shown == 0 {
		filtered := r.status != "" || r.query.Media != "" || r.query.Project != "" || r.query.ErrorCode != ""
		err = src.nothingOf(cmd.Context(), cmd.ErrOrStderr(), r.query.Events, sp, r.span.location(), filtered)
	}
	return err
}

// check refuses flags that have a bad value or exclude each other.
func (r *listRequest) check(cmd *cobra.Command) error {
	r.query.Status = events.Status(r.status)
	var err error
	if r.query.Events, err = events.ParseSelection(r.events); err != nil {
		return usagef("--event %q: %w; want types such as TranscodeComplete, separated by commas, or *", r.events, err)
	}
	switch {
	case r.status != "" && r.query.Status != events.Success && r.query.Status != events.Fail:
		return wantOneOf("--status", r.status, string(events.Success), string(events.Fail))
	case formats[r.format] == nil:
		return wantOneOf("-o", r.format, formatNames()...)
	case r.query.Limit < 0:
		return usagef("--limit %d: want 0 (no limit) or more", r.query.Limit)
	case r.query.ErrorCode != "" && r.query.Status == events.Success:
		return usagef("--error-code with --status success: only failed edits have one")
	case r.wide && r.format != "table":
		return usagef("--wide is for -o table; the other formats have everything")
	case r.follow && r.format == "json":
		return usagef("--follow with -o json: the array would never end; want -o ndjson")
	case r.follow && r.span.until != "":
		return usagef("--follow and --until exclude each other: --follow runs until Ctrl-C")
	}
	for _, flag := range []string{"event", "status", "media", "project", "error-code", "wide", "follow"} {
		if r.rejected && cmd.Flags().Changed(flag) {
			return usagef("--%s is for outcomes, not for --rejected", flag)
		}
	}
	return nil
}

// errInterrupted is the error of a command that was stopped before it found everything.
var errInterrupted = errors.New("interrupted: the output is incomplete")

// A listing writes the rows that a query finds.
type listing struct {
	cmd    *cobra.Command
	source source
	query  query.Query
	bad    problems
}

// run writes the outcomes and returns how many there were.
func (l *listing) run(out rowWriter) (shown int, err error) {
	l.query.Open = out.opens
	l.query.Problem = l.bad.add
	l.query.Progress = new(query.Progress)
	return l.write(out, l.source.rows(l.cmd.Context(), l.query))
}

// write writes rows and returns how many there were. After an error, the rows found so far are still written.
func (l *listing) write(out rowWriter, rows iter.Seq2[query.Row, error]) (shown int, err error) {
	stderr := l.cmd.ErrOrStderr()
	line := showProgress(stderr, func() string { return queryInWords(l.query.Progress) })
	defer func() {
		line.stop()
		l.bad.report(stderr)
	}()
	var failed error
	for row, err := range rows {
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
		if err := line.above(out.end); err != nil {
			return shown, err
		}
	}
	return shown, l.source.why(l.cmd.Context(), failed)
}

// why returns the error that ended a query, in the form in which it is shown to the user.
func (s source) why(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return errInterrupted
	case err != nil:
		return s.explain(err)
	default:
		return nil
	}
}

// queryInWords describes the progress of a query.
func queryInWords(p *query.Progress) string {
	return fmt.Sprintf("listed %d of %d days, %s keys; opened %s objects", p.DaysListed.Load(), p.Days.Load(),
		thousands(int(p.Keys.Load())), thousands(int(p.Opened.Load())))
}
