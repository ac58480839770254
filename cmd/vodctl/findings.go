package main

import (
	"cmp"
	"io"
	"time"

	"github.com/vod-callback/recorder/cmd/vodctl/internal/query"
	"github.com/vod-callback/recorder/internal/outcome"
)

// A findingWriter writes findings in one format.
type findingWriter interface {
	finding(outcome.Outcome) error
	end() error
}

// findingFormats maps the values of -o to the functions that make their writers.
var findingFormats = map[string]func(io.Writer, *time.Location) findingWriter{
	"table": newFindingTable,
	"json": func(out io.Writer, _ *time.Location) findingWriter {
		return findingRows{outcomeLines{newLines(out, true)}}
	},
	"ndjson": func(out io.Writer, _ *time.Location) findingWriter {
		return findingRows{outcomeLines{newLines(out, false)}}
	},
	"csv": func(out io.Writer, _ *time.Location) findingWriter {
		return findingRows{outcomeCSV{newCSV(out, members)}}
	},
}

// findingRows writes findings in the same form as list writes records.
type findingRows struct{ rowWriter }

func (w findingRows) finding(o outcome.Outcome) error {
	line, err := o.Line()
	if err != nil {
		return err
	}
	_, err = w.row(query.Row{Record: o, Line: line})
	return err
}

// A findingTable writes findings as a table.
type findingTable struct {
	*table
	clock clock
}

func newFindingTable(out io.Writer, loc *time.Location) findingWriter {
	t := newTable(out, column{name: "ENDED (" + zoneName(loc) + ")"}, column{name: "STATUS"}, column{name: "JOB", least: leastID},
		column{name: "MEDIA", least: leastID}, column{name: "ERROR"})
	return findingTable{t, newClock(t, loc)}
}

func (t findingTable) finding(o outcome.Outcome) error {
	if t.add(cell{text: t.clock.text(o.EventTime)}, statusCell(o.Status), cell{text: cmp.Or(o.JobID, "-")},
		cell{text: cmp.Or(o.MediaID, "-")}, errorCell(o)) {
		return t.flush()
	}
	return nil
}
