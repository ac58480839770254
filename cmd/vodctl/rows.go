package main

import (
	"cmp"
	"io"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/vod-callback/recorder/cmd/vodctl/internal/query"
	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/outcome"
	"github.com/vod-callback/recorder/internal/store"
)

// A rowWriter writes outcomes in one format. It leaves out an object that cannot be read; a table shows what the
// key contains.
type rowWriter interface {
	// opens reports whether the row needs the content of the object.
	opens(store.KeyFacts) bool
	// row writes one outcome. It reports whether the caller should flush.
	row(query.Row) (bool, error)
	flush() error
	// end writes what comes after the last row, and flushes.
	end() error
}

// formats maps the values of list's -o to the functions that make their writers.
var formats = map[string]func(io.Writer, tableOptions) rowWriter{
	"table":  newOutcomeTable,
	"json":   func(out io.Writer, _ tableOptions) rowWriter { return outcomeLines{newLines(out, true)} },
	"ndjson": func(out io.Writer, _ tableOptions) rowWriter { return outcomeLines{newLines(out, false)} },
	"csv":    func(out io.Writer, _ tableOptions) rowWriter { return outcomeCSV{newCSV(out, members)} },
}

// tableOptions selects the columns of a table. The other formats always have every member.
type tableOptions struct {
	loc    *time.Location
	wide   bool // add project, producer and trigger
	events bool // add the event type
}

// An outcomeTable writes outcomes as a table.
type outcomeTable struct {
	*table
	tableOptions
	clock clock
}

func newOutcomeTable(out io.Writer, o tableOptions) rowWriter {
	columns := []column{timeColumn(o.loc), {name: "EVENT", least: leastEvent}, {name: "STATUS"}, {name: "MEDIA", least: leastID}}
	if !o.events {
		columns = slices.Delete(columns, 1, 2)
	}
	if o.wide {
		columns = append(columns, column{name: "PROJECT", least: leastID}, column{name: "PRODUCER", drop: true}, column{name: "TRIGGER", drop: true})
	}
	t := newTable(out, append(columns, column{name: "ERROR"})...)
	return &outcomeTable{t, o, newClock(t, o.loc)}
}

const (
	leastID    = 9  // the minimum width of an ID, which show accepts as a prefix
	leastEvent = 16 // the minimum width of an event type
)

// opens reports whether the row needs more than the key: with --wide, and for the error of a failed outcome.
func (t *outcomeTable) opens(k store.KeyFacts) bool { return t.wide || k.Status == events.Fail }

func (t *outcomeTable) row(r query.Row) (bool, error) {
	cells := []cell{{text: t.clock.text(r.Time)}}
	if t.events {
		cells = append(cells, cell{text: r.EventType})
	}
	cells = append(cells, statusCell(r.Status), cell{text: r.Media})
	if t.wide {
		cells = append(cells, cell{text: r.Record.ProjectID}, cell{text: string(r.Record.Producer)}, cell{text: r.Record.Trigger})
	}
	return t.add(append(cells, failureCell(r))...), nil
}

// statusCell returns the cell of a status, which some event types do not have.
func statusCell(s events.Status) cell {
	switch s {
	case events.Success:
		return cell{text: string(s), style: green}
	case events.Fail:
		return cell{text: string(s), style: red}
	default:
		return cell{text: "-", style: faint}
	}
}

// failureCell returns the cell with the reason of a failure. It also says if the record is unreadable, or if no
// callback arrived.
func failureCell(r query.Row) cell {
	if r.Err != nil {
		return cell{text: "(unreadable: " + r.Err.Error() + ")", style: red}
	}
	c := errorCell(r.Record)
	if neverCame(r.Record) {
		const note = "(no callback came)"
		return cell{text: strings.TrimSpace(note + " " + c.text), style: red, want: len(note)}
	}
	return c
}

// errorCell returns the cell with the error code and message. A narrow terminal still shows the code.
func errorCell(o outcome.Outcome) cell {
	if o.ErrorCode != "" && o.ErrorMessage != "" {
		return cell{text: o.ErrorCode + ": " + o.ErrorMessage, want: textWidth(o.ErrorCode) + 1}
	}
	return cell{text: cmp.Or(o.ErrorCode, o.ErrorMessage), want: textWidth(o.ErrorCode)}
}

// A clock formats the times of a table.
type clock struct {
	loc  *time.Location
	year int // the year that is left out, or 0
}

// newClock returns the clock of a table. On a terminal it leaves out the current year.
func newClock(t *table, loc *time.Location) clock {
	c := clock{loc: loc}
	if t.width > 0 {
		c.year = time.Now().In(loc).Year()
	}
	return c
}

func (c clock) text(t time.Time) string {
	if t = t.In(c.loc); t.Year() == c.year {
		return t.Format("01-02 15:04:05")
	}
	return t.Format(time.DateTime)
}

func timeColumn(loc *time.Location) column { return column{name: "TIME (" + zoneName(loc) + ")"} }

// zoneName returns the current offset of loc from UTC.
func zoneName(loc *time.Location) string {
	now := time.Now().In(loc)
	if _, offset := now.Zone(); offset == 0 {
		return "UTC"
	}
	return now.Format("-07:00")
}

// outcomeLines writes the records as they are stored.
type outcomeLines struct{ *lineWriter }

func (w outcomeLines) opens(store.KeyFacts) bool { return true }

func (w outcomeLines) row(r query.Row) (bool, error) {
	if r.Err != nil {
		return false, nil
	}
	return w.line(r.Line)
}

// outcomeCSV writes the records' members as columns.
type outcomeCSV struct{ *csvWriter }

// fields are the fields of a record in order, and members are their JSON names.
var fields, members = func() (fields []reflect.StructField, members []string) {
	for _, field := range reflect.VisibleFields(reflect.TypeFor[outcome.Outcome]()) {
		if !field.Anonymous {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			fields, members = append(fields, field), append(members, name)
		}
	}
	return fields, members
}()

func (w outcomeCSV) opens(store.KeyFacts) bool { return true }

func (w outcomeCSV) row(r query.Row) (bool, error) {
	if r.Err != nil {
		return false, nil
	}
	record := reflect.ValueOf(r.Record)
	cells := make([]any, len(fields))
	for i, field := range fields {
		cells[i] = record.FieldByIndex(field.Index).Interface()
	}
	return w.line(cells...)
}
