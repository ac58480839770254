package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/vod-callback/recorder/cmd/vodctl/internal/query"
	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/store"
)

// leastBeginning is the minimum length of a media ID's prefix, in characters.
const leastBeginning = 6

// A showRequest holds the flags of show.
type showRequest struct {
	from   fromFlag
	since  string
	utc    bool
	format string
}

func newShow() *cobra.Command {
	var r showRequest
	cmd := &cobra.Command{
		Use:   "show MEDIA_ID",
		Short: "Show every event of one media ID, oldest first",
		Long: `Show every record of one media ID, of all recorded event types, oldest first. -o table
prints one line for each event, -o json prints indented JSON, and -o ndjson prints the
records as stored. To find an event without a media ID, give its job ID.

Instead of the whole ID you can give its first 6 or more characters, if only one ID
within --since begins with them.

show makes one list request for each day of each event type in the store.

` + accessHelp,
		Example: `  vodctl show 1234343b689a4f0e9a5422dfe1e472a4
  vodctl show 1234343b
  vodctl show 1234343b689a4f0e9a5422dfe1e472a4 -o ndjson | jq -r '[.event_time, .status, .error_code] | @tsv'`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || strings.TrimSuffix(args[0], "…") == "" {
				return usagef("want one MEDIA_ID")
			}
			return nil
		},
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			return r.run(cmd, strings.TrimSuffix(args[0], "…")) // a table ends a shortened ID with an ellipsis
		},
	}
	f := cmd.Flags()
	r.from.add(cmd, f)
	f.StringVar(&r.since, "since", defaultSince, "where to look for the beginning of an ID: events at or after this time: "+spanForm)
	f.BoolVar(&r.utc, "utc", false, "show times and read dates in UTC instead of local time")
	f.StringVarP(&r.format, "output", "o", "", "the format: json, ndjson or table (default: table on a terminal, else json)")
	complete(cmd, "since", "24h", "7d", "30d", "today", "yesterday")
	complete(cmd, "output", "json", "ndjson", "table")
	return cmd
}

func (r *showRequest) run(cmd *cobra.Command, id string) error {
	span := spanFlags{since: r.since, utc: r.utc}
	sp, err := span.parse(time.Now())
	if err != nil {
		return err
	}
	out, err := r.writer(cmd.OutOrStdout(), span.location())
	if err != nil {
		return err
	}
	src, err := r.from.open()
	if err != nil {
		return err
	}
	l := listing{cmd: cmd, source: src}
	l.query = query.Query{Events: events.Selection{events.AllTypes}, Media: id, MediaBegins: utf8.RuneCountInString(id) >= leastBeginning, OldestFirst: true, Problem: l.bad.add, Progress: new(query.Progress)}
	rows, err := l.find(id, sp.since)
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		return noMedia(cmd, src, id)
	}
	readable := 0
	opened := func(yield func(query.Row, error) bool) {
		for row, err := range l.query.Opened(cmd.Context(), src, rows) {
			if err == nil && row.Err == nil {
				readable++
			}
			if !yield(row, err) {
				return
			}
		}
	}
	_, err = l.write(out, opened)
	if err == nil && readable == 0 {
		return fmt.Errorf("none of the records of %q can be read", harmless(id))
	}
	return err
}

// find returns the rows of the media ID id or, if there are none, of the only media ID that begins with id and
// has an event since the given time.
func (l *listing) find(id string, since time.Time) ([]query.Row, error) {
	media := map[string][]query.Row{}
	recent := map[string]bool{}
	for row, err := range l.source.rows(l.cmd.Context(), l.query) {
		if err != nil {
			return nil, l.source.why(l.cmd.Context(), err)
		}
		name := row.Media
		if row.Record.JobID == id { // an edit without a callback, whose record is already read
			name = id
		}
		media[name] = append(media[name], row)
		if !row.Time.Before(since) {
			recent[name] = true
		}
	}
	if rows := media[id]; len(rows) > 0 {
		return rows, nil
	}
	matches := slices.Sorted(maps.Keys(recent))
	switch len(matches) {
	case 0:
		return nil, nil
	case 1:
		return media[matches[0]], nil
	}
	for i, match := range matches {
		matches[i] = harmless(match)
	}
	return nil, fmt.Errorf("%q is the beginning of %s:\n  %s", harmless(id), plural(len(matches), "media ID"), strings.Join(matches, "\n  "))
}

// writer returns the writer of the records.
func (r *showRequest) writer(out io.Writer, loc *time.Location) (rowWriter, error) {
	format := r.format
	if format == "" && terminalWidth(out) > 0 {
		format = "table"
	}
	switch format {
	case "table":
		t := newTable(out, timeColumn(loc), column{name: "EVENT", least: leastEvent}, column{name: "STATUS"}, column{name: "DETAIL"})
		return lifeTable{t, newClock(t, loc)}, nil
	case "json", "":
		return newJSON(out), nil
	case "ndjson":
		return outcomeLines{newLines(out, false)}, nil
	default:
		return nil, wantOneOf("-o", format, "json", "ndjson", "table")
	}
}

// noMedia prints that there is no record of a media ID, and suggests commands.
func noMedia(cmd *cobra.Command, src source, id string) error {
	if err := src.nothingOf(cmd.Context(), io.Discard, events.Selection{events.AllTypes}, span{}, time.UTC, false); err != nil {
		return err
	}
	stderr := cmd.ErrOrStderr()
	fmt.Fprintf(stderr, "vodctl: no record of %q in %s. The edit may still be running, its callback may have been rejected, or the ID may be wrong:\n",
		harmless(id), src.url)
	suggest(stderr, src.command("list", "--rejected", "--since", "24h"), src.command("list", "--since", "24h"))
	return errSilent
}

// A lifeTable writes one line for each event of a media ID.
type lifeTable struct {
	*table
	clock clock
}

func (t lifeTable) opens(store.KeyFacts) bool { return true }

func (t lifeTable) row(r query.Row) (bool, error) {
	detail := failureCell(r)
	if detail.text == "" {
		detail.text = r.Record.MediaURL
	}
	return t.add(cell{text: t.clock.text(r.Time)}, cell{text: r.Record.EventType}, statusCell(r.Status), detail), nil
}

// A jsonWriter writes records as indented JSON.
type jsonWriter struct {
	out  *bufio.Writer
	live bool
}

func newJSON(out io.Writer) rowWriter {
	data, live := dataWriter(out)
	return jsonWriter{bufio.NewWriter(data), live}
}

func (w jsonWriter) opens(store.KeyFacts) bool { return true }

func (w jsonWriter) row(r query.Row) (bool, error) {
	if r.Err != nil {
		return false, nil
	}
	var b bytes.Buffer
	if err := json.Indent(&b, bytes.TrimSpace(r.Line), "", "  "); err != nil {
		return false, err
	}
	b.WriteByte('\n')
	_, err := w.out.Write(b.Bytes())
	return w.live, err
}

func (w jsonWriter) flush() error { return w.out.Flush() }

func (w jsonWriter) end() error { return w.out.Flush() }
