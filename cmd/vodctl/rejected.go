package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/vod-callback/recorder/cmd/vodctl/internal/query"
	"github.com/vod-callback/recorder/internal/outcome"
)

// A rejectedWriter writes rejected deliveries in one format.
type rejectedWriter interface {
	rejected(query.RejectedRow) (due bool, err error)
	flush() error
	end() error
}

// newRejectedWriter returns the writer for a format of list --rejected.
func newRejectedWriter(format string, out io.Writer, loc *time.Location) rejectedWriter {
	switch format {
	case "table":
		t := newTable(out, timeColumn(loc), column{name: "TRIGGER"}, column{name: "REASON", least: leastReason}, column{name: "KEY"})
		return rejectedTable{t, newClock(t, loc)}
	case "csv":
		return rejectedCSV{newCSV(out, []string{"received_at", "trigger", "reason", "key", "message_id", "request_id"})}
	default:
		return rejectedLines{newLines(out, format == "json")}
	}
}

// leastReason is the minimum width of the reason in a table. The key gives way to it.
const leastReason = 24

type rejectedTable struct {
	*table
	clock clock
}

func (t rejectedTable) rejected(r query.RejectedRow) (bool, error) {
	reason := cell{text: r.Record.Reason}
	if r.Err != nil {
		reason = cell{text: "(unreadable: " + r.Err.Error() + ")", style: red}
	}
	key := cell{text: r.Key, want: len("rejected/dt=2026-11-22/12345678…")}
	return t.add(cell{text: t.clock.text(r.ReceivedAt)}, cell{text: r.Record.Trigger}, reason, key), nil
}

type rejectedCSV struct{ *csvWriter }

func (w rejectedCSV) rejected(r query.RejectedRow) (bool, error) {
	if r.Err != nil {
		return false, nil
	}
	return w.line(r.Record.ReceivedAt, r.Record.Trigger, r.Record.Reason, r.Key, r.Record.MessageID, r.Record.RequestID)
}

// rejectedLines writes the records as they are stored, with their keys.
type rejectedLines struct{ *lineWriter }

func (w rejectedLines) rejected(r query.RejectedRow) (bool, error) {
	if r.Err != nil {
		return false, nil
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(struct {
		Key string `json:"key"`
		outcome.Rejected
	}{r.Key, r.Record})
	if err != nil {
		return false, err
	}
	return w.line(b.Bytes())
}

// listRejected lists the deliveries that contained no event.
func (r *listRequest) listRejected(cmd *cobra.Command, src source, sp span) error {
	var bad problems
	stderr := cmd.ErrOrStderr()
	q := query.RejectedQuery{
		Since: sp.since, Until: sp.until, Limit: r.query.Limit,
		WithPayload: r.format == "json" || r.format == "ndjson",
		Problem:     bad.add, Progress: new(query.Progress),
	}
	out := newRejectedWriter(r.format, cmd.OutOrStdout(), r.span.location())
	line := showProgress(stderr, func() string { return queryInWords(q.Progress) })
	shown := 0
	var failed error
	for row, err := range q.Rows(cmd.Context(), src) {
		if err != nil {
			failed = err
			break
		}
		shown++
		due, err := out.rejected(row)
		if err == nil && due {
			err = line.above(out.flush)
		}
		if err != nil {
			line.stop()
			return err
		}
	}
	line.stop()
	if err := out.end(); err != nil {
		return err
	}
	bad.report(stderr)
	switch {
	case failed != nil:
		return src.why(cmd.Context(), failed)
	case shown == 0:
		fmt.Fprintf(stderr, "No rejected deliveries %s.\n", sp.words(r.span.location()))
	case r.format == "table":
		fmt.Fprintln(stderr, "To record those that the current parser accepts:")
		suggest(stderr, src.replay("--rejected", "--dry-run"))
	}
	return nil
}
