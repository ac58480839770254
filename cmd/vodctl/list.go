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

// A listRequest is what the flags of list ask for.
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

The objects' names tell times, media and statuses; an object is opened only where a
filter or a column needs what is in it: with -o table only failed outcomes are, with
--project, --wide, json, ndjson and csv all of the time range.

On a terminal a table fits the width: IDs are shortened, which 'show' takes, and the
year is left out where it is this one.

-o ndjson prints the records as they are stored, and -o json the same as one array.
-o csv prints a header line with the record's members, and every text in quotes. So
that a spreadsheet runs nothing that a stranger wrote, a text whose first visible
character is = + - or @, or that begins with ', has one ' before it.

--event lists other types of events, where the function's RECORD_EVENTS has them
recorded: one or several, or '*' for all.

--follow prints what there is, oldest first, and goes on with what is newly recorded
until Ctrl-C. --rejected lists the deliveries in which there was no event instead,
with the reason; --since and --until are then of their receipt.

Edits that 'vodctl reconcile --to' found without a record are listed as such, until
one is there.

Objects that are not readable records are named and counted on standard error.

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
	f.StringVar(&r.events, "event", events.TypeProduceMediaComplete, "the types of events, separated by commas, or * for all")
	f.StringVar(&r.status, "status", "", "only these: success or fail")
	f.StringVar(&r.query.Media, "media", "", "only this media ID (the JobId where IMS gave no MediaId)")
	f.StringVar(&r.query.Project, "project", "", "only this project ID")
	f.StringVar(&r.query.ErrorCode, "error-code", "", "only outcomes that failed with this code")
	f.IntVar(&r.query.Limit, "limit", 0, "stop after so many (0: all); with --follow, begin with so many")
	f.BoolVar(&r.wide, "wide", false, "in a table, also project, producer and trigger")
	f.BoolVar(&r.rejected, "rejected", false, "the rejected deliveries instead: time, trigger, reason and key")
	f.BoolVar(&r.follow, "follow", false, "go on with what is newly recorded, until Ctrl-C")
	f.StringVarP(&r.format, "output", "o", "table", "the format: "+oneOf(formatNames()))
	complete(cmd, "status", string(events.Success), string(events.Fail))
	complete(cmd, "output", formatNames()...)
	complete(cmd, "limit", "20", "100")
	complete(cmd, "event", events.TypeProduceMediaComplete, events.AllTypes)
	for _, free := range []string{"media", "project", "error-code"} {
		complete(cmd, free) // nothing, and above all no file names
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

// check finds flags that cannot be used, or not together.
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
		return usagef("--follow with -o json: an array needs an end; want -o ndjson")
	case r.follow && r.span.until != "":
		return usagef("--follow goes on until Ctrl-C, and takes no --until")
	}
	for _, flag := range []string{"event", "status", "media", "project", "error-code", "wide", "follow"} {
		if r.rejected && cmd.Flags().Changed(flag) {
			return usagef("--%s is for outcomes, not for --rejected", flag)
		}
	}
	return nil
}

// errInterrupted ends a command that was stopped before it had all.
var errInterrupted = errors.New("interrupted: this is what was found so far")

// A listing writes what a query finds.
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

// write writes rows and returns how many there were. Whatever stops it, what was found is written.
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

// why returns what a person needs to know of the error that ended a query.
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

// queryInWords says how far a query is.
func queryInWords(p *query.Progress) string {
	return fmt.Sprintf("listed %d of %d days, %s keys; opened %s objects", p.DaysListed.Load(), p.Days.Load(),
		thousands(int(p.Keys.Load())), thousands(int(p.Opened.Load())))
}
