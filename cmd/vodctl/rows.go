package main

import (
	"cmp"
	"io"
	"reflect"
	"strings"
	"time"

	"github.com/vod-callback/recorder/cmd/vodctl/internal/query"
	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/outcome"
	"github.com/vod-callback/recorder/internal/store"
)

// A rowWriter writes outcomes in one format. What cannot be read it leaves out, or, in a table, shows as
// far as the key tells.
type rowWriter interface {
	// opens says whether the object of a key has to be opened for its row.
	opens(store.KeyFacts) bool
	// row takes one outcome and returns whether it is time to flush.
	row(query.Row) (bool, error)
	flush() error
	// end writes what comes after the last row, and flushes.
	end() error
}

// formats are the values of -o of list, and what makes each.
var formats = map[string]func(out io.Writer, loc *time.Location, wide bool) rowWriter{
	"table":  newOutcomeTable,
	"json":   func(out io.Writer, _ *time.Location, _ bool) rowWriter { return outcomeLines{newLines(out, true)} },
	"ndjson": func(out io.Writer, _ *time.Location, _ bool) rowWriter { return outcomeLines{newLines(out, false)} },
	"csv":    func(out io.Writer, _ *time.Location, _ bool) rowWriter { return outcomeCSV{newCSV(out, members)} },
}

// An outcomeTable shows outcomes to people.
type outcomeTable struct {
	*table
	clock clock
	wide  bool
}

func newOutcomeTable(out io.Writer, loc *time.Location, wide bool) rowWriter {
	columns := []column{timeColumn(loc), {name: "STATUS"}, {name: "MEDIA", least: leastID}}
	if wide {
		columns = append(columns, column{name: "PROJECT", least: leastID}, column{name: "PRODUCER", drop: true}, column{name: "TRIGGER", drop: true})
	}
	t := newTable(out, append(columns, column{name: "ERROR"})...)
	return &outcomeTable{t, newClock(t, loc), wide}
}

// leastID is how much of an ID a table keeps: more than show asks for, and the ellipsis.
const leastID = 9

// opens: only what failed has more to say than its key does.
func (t *outcomeTable) opens(k store.KeyFacts) bool { return t.wide || k.Status == events.Fail }

func (t *outcomeTable) row(r query.Row) (bool, error) {
	cells := []cell{{text: t.clock.text(r.Time)}, statusCell(r.Status), {text: r.Media}}
	if t.wide {
		cells = append(cells, cell{text: r.Record.ProjectID}, cell{text: string(r.Record.Producer)}, cell{text: r.Record.Trigger})
	}
	return t.add(append(cells, failureCell(r))...), nil
}

func statusCell(s events.Status) cell {
	if s == events.Fail {
		return cell{text: string(s), style: red}
	}
	return cell{text: string(s), style: green}
}

// failureCell says why an edit failed, or why that is not known. Of the text its code should be seen.
func failureCell(r query.Row) cell {
	if r.Err != nil {
		return cell{text: "(unreadable: " + r.Err.Error() + ")", style: red}
	}
	code, message := r.Record.ErrorCode, r.Record.ErrorMessage
	if code != "" && message != "" {
		return cell{text: code + ": " + message, want: textWidth(code) + 1}
	}
	return cell{text: cmp.Or(code, message), want: textWidth(code)}
}

// A clock spells times for people.
type clock struct {
	loc  *time.Location
	year int // that is left out, or 0
}

// newClock returns the clock of a table. On a terminal it leaves out the year where that is this one.
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

// zoneName returns the offset of loc from UTC, as it is now.
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

// fields are those of a record, in its order, and members their names.
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
