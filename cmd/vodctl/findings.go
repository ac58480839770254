package main

import (
	"cmp"
	"io"
	"strings"
	"time"

	"github.com/vod-callback/recorder/cmd/vodctl/internal/query"
	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/outcome"
)

// A findingWriter writes findings in one format.
type findingWriter interface {
	finding(outcome.Outcome) error
	end() error
}

// findingFormats are the values of -o, and what makes each.
var findingFormats = map[string]func(io.Writer, *time.Location) findingWriter{
	"table":  newFindingTable,
	"json":   func(out io.Writer, _ *time.Location) findingWriter { return &findingArray{out: out} },
	"ndjson": func(out io.Writer, _ *time.Location) findingWriter { return findingRows{newNDJSON(out)} },
	"csv":    func(out io.Writer, _ *time.Location) findingWriter { return findingRows{newCSV(out)} },
}

// findingRows writes findings as list writes records.
type findingRows struct{ rowWriter }

func (w findingRows) finding(o outcome.Outcome) error {
	line, err := o.Line()
	if err != nil {
		return err
	}
	_, err = w.row(query.Row{Record: o, Line: line})
	return err
}

func (w findingRows) end() error { return w.flush() }

// A findingArray writes one JSON array.
type findingArray struct {
	out  io.Writer
	some bool
}

func (w *findingArray) finding(o outcome.Outcome) error {
	line, err := o.Line()
	if err != nil {
		return err
	}
	before := ",\n"
	if !w.some {
		before, w.some = "[\n", true
	}
	data, _ := dataWriter(w.out)
	_, err = io.WriteString(data, before+strings.TrimSuffix(string(line), "\n"))
	return err
}

func (w *findingArray) end() error {
	after := "\n]\n"
	if !w.some {
		after = "[]\n"
	}
	_, err := io.WriteString(w.out, after)
	return err
}

// A findingTable shows findings to people.
type findingTable struct {
	*table
	loc *time.Location
}

func newFindingTable(out io.Writer, loc *time.Location) findingWriter {
	return findingTable{newTable(out, 3, "ENDED ("+zoneName(loc)+")", "STATUS", "JOB", "MEDIA", "ERROR"), loc}
}

func (t findingTable) finding(o outcome.Outcome) error {
	status := cell{string(o.Status), green}
	if o.Status == events.Fail {
		status.style = red
	}
	if t.add(cell{o.EventTime.In(t.loc).Format(time.DateTime), plain}, status, cell{cmp.Or(o.JobID, "-"), plain},
		cell{cmp.Or(o.MediaID, "-"), plain}, cell{failureInWords(o), plain}) {
		return t.flush()
	}
	return nil
}

func (t findingTable) end() error { return t.flush() }
