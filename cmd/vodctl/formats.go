package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// A lineWriter writes JSON objects, one on each line: as lines (NDJSON), or as one array.
type lineWriter struct {
	out   *bufio.Writer
	live  bool // the output is a terminal: flush each line
	array bool
	lines int
}

func newLines(out io.Writer, array bool) *lineWriter {
	data, live := dataWriter(out)
	return &lineWriter{out: bufio.NewWriter(data), live: live, array: array}
}

// line writes an object. It reports whether the caller should flush.
func (w *lineWriter) line(object []byte) (bool, error) {
	object = bytes.TrimSpace(object)
	if bytes.ContainsAny(object, "\n\r") { // another program wrote it; we promise one line
		var b bytes.Buffer
		if err := json.Compact(&b, object); err != nil {
			return false, err
		}
		object = b.Bytes()
	}
	before, after := "", "\n"
	if w.array {
		before, after = ",\n", ""
		if w.lines == 0 {
			before = "[\n"
		}
	}
	w.lines++
	_, _ = w.out.WriteString(before) // Flush reports an error
	_, _ = w.out.Write(object)
	_, err := w.out.WriteString(after)
	return w.live, err
}

func (w *lineWriter) flush() error { return w.out.Flush() }

func (w *lineWriter) end() error {
	switch {
	case w.array && w.lines == 0:
		_, _ = w.out.WriteString("[]\n") // Flush reports an error
	case w.array:
		_, _ = w.out.WriteString("\n]\n")
	}
	return w.out.Flush()
}

// A csvWriter writes CSV with a header line.
type csvWriter struct {
	out  *bufio.Writer
	live bool // the output is a terminal: flush each line
}

func newCSV(out io.Writer, names []string) *csvWriter {
	data, live := dataWriter(out)
	w := &csvWriter{bufio.NewWriter(data), live}
	_, _ = w.out.WriteString(strings.Join(names, ",") + "\n") // Flush reports an error
	return w
}

// line writes a row. It reports whether the caller should flush.
func (w *csvWriter) line(values ...any) (bool, error) {
	cells := make([]string, len(values))
	for i, v := range values {
		cells[i] = csvCell(v)
	}
	_, err := w.out.WriteString(strings.Join(cells, ",") + "\n")
	return w.live, err
}

func (w *csvWriter) flush() error { return w.out.Flush() }

func (w *csvWriter) end() error { return w.out.Flush() }

// csvCell returns a member's value as the record spells it. It quotes every text. encoding/csv quotes only where
// it must, and a spreadsheet that also separates cells at semicolons would split an unquoted text. A member that
// the record does not have is an empty cell.
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

// noFormula prevents a spreadsheet from running a text as a formula, because anybody may have written the text.
// It puts an apostrophe before a value whose first visible character is = + - @ (or the full-width form of one),
// and before a value that begins with an apostrophe. Removing one leading apostrophe gives the exact value back.
func noFormula(s string) string {
	visible := strings.TrimLeftFunc(s, func(r rune) bool { return r == ' ' || !printable(r) || unicode.Is(unicode.M, r) })
	first, _ := utf8.DecodeRuneInString(visible)
	if strings.ContainsRune("=+-@＝＋－＠﹦﹢﹣﹫", first) || strings.HasPrefix(s, "'") {
		return "'" + s
	}
	return s
}
