package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

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
}

// formats are the values of -o, and what makes each.
var formats = map[string]func(out io.Writer, loc *time.Location, wide bool) rowWriter{
	"table":  newOutcomeTable,
	"ndjson": func(out io.Writer, _ *time.Location, _ bool) rowWriter { return newNDJSON(out) },
	"csv":    func(out io.Writer, _ *time.Location, _ bool) rowWriter { return newCSV(out) },
}

// An outcomeTable shows outcomes to people.
type outcomeTable struct {
	*table
	loc  *time.Location
	wide bool
}

func newOutcomeTable(out io.Writer, loc *time.Location, wide bool) rowWriter {
	header := []string{"TIME (" + zoneName(loc) + ")", "STATUS", "MEDIA"}
	if wide {
		header = append(header, "PROJECT", "PRODUCER", "TRIGGER")
	}
	return &outcomeTable{newTable(out, 2, append(header, "ERROR")...), loc, wide}
}

// zoneName returns the offset of loc from UTC, as it is now.
func zoneName(loc *time.Location) string {
	now := time.Now().In(loc)
	if _, offset := now.Zone(); offset == 0 {
		return "UTC"
	}
	return now.Format("-07:00")
}

// opens: only what failed has more to say than its key does.
func (t *outcomeTable) opens(k store.KeyFacts) bool { return t.wide || k.Status == events.Fail }

func (t *outcomeTable) row(r query.Row) (bool, error) {
	status := cell{string(r.Status), green}
	if r.Status == events.Fail {
		status.style = red
	}
	cells := []cell{{r.Time.In(t.loc).Format(time.DateTime), plain}, status, {r.Media, plain}}
	if t.wide {
		cells = append(cells, cell{r.Record.ProjectID, plain}, cell{string(r.Record.Producer), plain}, cell{r.Record.Trigger, plain})
	}
	switch {
	case r.Err != nil:
		cells = append(cells, cell{"(unreadable: " + r.Err.Error() + ")", red})
	default:
		cells = append(cells, cell{failureInWords(r.Record), plain})
	}
	return t.add(cells...), nil
}

// failureInWords returns the error code and message, as far as there are any.
func failureInWords(o outcome.Outcome) string {
	if o.ErrorCode != "" && o.ErrorMessage != "" {
		return o.ErrorCode + ": " + o.ErrorMessage
	}
	return cmp.Or(o.ErrorCode, o.ErrorMessage)
}

// An ndjsonWriter writes the records as they are stored.
type ndjsonWriter struct {
	out  *bufio.Writer
	live bool
}

func newNDJSON(out io.Writer) rowWriter {
	data, live := dataWriter(out)
	return &ndjsonWriter{bufio.NewWriter(data), live}
}

func (w *ndjsonWriter) opens(store.KeyFacts) bool { return true }

func (w *ndjsonWriter) row(r query.Row) (bool, error) {
	if r.Err != nil {
		return false, nil
	}
	line := bytes.TrimSpace(r.Line)
	if bytes.ContainsAny(line, "\n\r") { // written by another hand; one line is the promise
		var b bytes.Buffer
		if err := json.Compact(&b, line); err != nil {
			return false, err
		}
		line = b.Bytes()
	}
	_, err := w.out.Write(append(line[:len(line):len(line)], '\n'))
	return w.live, err
}

func (w *ndjsonWriter) flush() error { return w.out.Flush() }

// A csvWriter writes the records' members as columns, below a line with their names.
type csvWriter struct {
	out  *bufio.Writer
	live bool
}

// columns are the fields of a record, in its order.
var columns = slices.DeleteFunc(reflect.VisibleFields(reflect.TypeFor[outcome.Outcome]()), func(f reflect.StructField) bool { return f.Anonymous })

func newCSV(out io.Writer) rowWriter {
	data, live := dataWriter(out)
	w := csvWriter{bufio.NewWriter(data), live}
	names := make([]string, len(columns))
	for i, field := range columns {
		names[i], _, _ = strings.Cut(field.Tag.Get("json"), ",")
	}
	_, _ = w.out.WriteString(strings.Join(names, ",") + "\n") // flush reports an error
	return w
}

func (w csvWriter) opens(store.KeyFacts) bool { return true }

func (w csvWriter) row(r query.Row) (bool, error) {
	if r.Err != nil {
		return false, nil
	}
	record := reflect.ValueOf(r.Record)
	cells := make([]string, len(columns))
	for i, field := range columns {
		cells[i] = csvCell(record.FieldByIndex(field.Index).Interface())
	}
	_, err := w.out.WriteString(strings.Join(cells, ",") + "\n")
	return w.live, err
}

func (w csvWriter) flush() error { return w.out.Flush() }

// csvCell returns a member's value as the record spells it. Every text is quoted, which encoding/csv does only
// where it has to: a text with a semicolon in it would otherwise begin another cell in a spreadsheet that
// separates by semicolons too. A member that the record does not have is an empty cell.
func csvCell(v any) string {
	var text string
	switch v := v.(type) {
	case int:
		return strconv.Itoa(v)
	case time.Time:
		text = v.Format(time.RFC3339Nano)
	case json.RawMessage:
		text = string(v)
	default:
		text = fmt.Sprint(v)
	}
	if text == "" {
		return ""
	}
	return `"` + strings.ReplaceAll(noFormula(text), `"`, `""`) + `"`
}

// noFormula keeps a spreadsheet from taking for a formula what a stranger wrote: a value whose first visible
// character is = + - @, also in their full-width forms, gets an apostrophe before it, and so does a value that
// begins with one. Taking one leading apostrophe away gives the exact value back.
func noFormula(s string) string {
	visible := strings.TrimLeftFunc(s, func(r rune) bool { return r == ' ' || !printable(r) || unicode.Is(unicode.M, r) })
	first, _ := utf8.DecodeRuneInString(visible)
	if strings.ContainsRune("=+-@＝＋－＠﹦﹢﹣﹫", first) || strings.HasPrefix(s, "'") {
		return "'" + s
	}
	return s
}
