package main

import (
	"io"
	"slices"
	"strings"

	"github.com/mattn/go-runewidth"
)

const (
	gap          = 2   // the width between two columns
	leastLast    = 20  // the minimum width of the last column
	tableHoldsUp = 500 // the number of rows from which the widths are computed
)

// A style is the colour of a cell on a terminal: the parameters of an SGR sequence.
type style string

const (
	plain style = ""
	bold  style = "1"
	faint style = "2"
	red   style = "31"
	green style = "32"
)

type cell struct {
	text  string
	style style
	want  int // in the last column, the width to show; other columns shrink for it
}

// A column describes a column, and how it adapts to a narrow terminal.
type column struct {
	name  string
	least int  // the minimum width; 0 means that it does not shrink
	drop  bool // it may be left out; the last such column is left out first
}

// A table writes rows in aligned columns. On a terminal, the lines fit the width: first columns shrink to their
// minimum, then columns are left out, and at last the last column is cut. The widths are computed from the first
// rows.
type table struct {
	out      io.Writer
	width    int // of the terminal, or 0 if the output is not a terminal
	colour   bool
	columns  []column
	rows     [][]cell
	widths   []int // -1 means that the column is left out
	measured bool
}

func newTable(out io.Writer, columns ...column) *table {
	width := terminalWidth(out)
	t := &table{out: out, width: width, colour: width > 0 && colourful(), columns: columns, widths: make([]int, len(columns))}
	cells := make([]cell, len(columns))
	for i, c := range columns {
		cells[i] = cell{text: c.name, style: bold}
	}
	t.rows = append(t.rows, cells)
	return t
}

// add adds one row. It reports whether the caller should flush.
func (t *table) add(cells ...cell) bool {
	for i := range cells {
		cells[i].text = strings.TrimRight(harmless(cells[i].text), " ")
	}
	t.rows = append(t.rows, cells)
	return t.measured || len(t.rows) > tableHoldsUp
}

// flush writes the added rows. A table without rows has no header.
func (t *table) flush() error {
	if !t.measured && len(t.rows) == 1 {
		return nil
	}
	if !t.measured {
		t.measure()
		t.measured = true
	}
	var b strings.Builder
	for _, row := range t.rows {
		t.line(&b, row)
	}
	t.rows = t.rows[:0]
	_, err := io.WriteString(t.out, b.String())
	return err
}

func (t *table) end() error { return t.flush() }

// measure computes the widths of the columns.
func (t *table) measure() {
	last := len(t.columns) - 1
	want := 0 // of the last column
	for _, row := range t.rows {
		for i, c := range row {
			t.widths[i] = max(t.widths[i], textWidth(c.text))
		}
		want = max(want, row[last].want)
	}
	if t.width == 0 {
		return
	}
	want = min(max(want, leastLast), t.widths[last])
	for i, c := range t.columns {
		if missing := want - t.left(); c.least > 0 && missing > 0 {
			t.widths[i] = max(min(t.widths[i], max(c.least, t.distinct(i))), t.widths[i]-missing)
		}
	}
	for i, c := range slices.Backward(t.columns) {
		if c.drop && t.left() < min(leastLast, t.widths[last]) {
			t.widths[i] = -1
		}
	}
	t.widths[last] = max(1, t.left())
}

// left returns the width that is left for the last column.
func (t *table) left() int {
	left := t.width
	for _, w := range t.widths[:len(t.widths)-1] {
		if w >= 0 {
			left -= w + gap
		}
	}
	return left
}

// distinct returns the width at which the shortened texts of a column are still distinct, so that a shortened ID
// identifies its row.
func (t *table) distinct(column int) int {
	texts := make([]string, 0, len(t.rows))
	for _, row := range t.rows[1:] {
		texts = append(texts, row[column].text)
	}
	slices.Sort(texts)
	texts = slices.Compact(texts)
	least := 0
	for i := 1; i < len(texts); i++ {
		common := 0
		for common < len(texts[i-1]) && common < len(texts[i]) && texts[i-1][common] == texts[i][common] {
			common++
		}
		least = max(least, textWidth(texts[i][:common])+2) // one distinct character, and the ellipsis
	}
	return least
}

func (t *table) line(b *strings.Builder, row []cell) {
	last := len(row) - 1
	for last > 0 && (row[last].text == "" || t.widths[last] < 0) { // no spaces at the end of a line
		last--
	}
	for i, c := range row[:last+1] {
		if t.widths[i] < 0 {
			continue
		}
		text := c.text
		if t.width > 0 && textWidth(text) > t.widths[i] && (t.columns[i].least > 0 || i == len(row)-1) {
			text = runewidth.Truncate(text, t.widths[i], "…")
		}
		if t.colour && c.style != plain {
			b.WriteString("\x1b[" + string(c.style) + "m" + text + "\x1b[0m")
		} else {
			b.WriteString(text)
		}
		if i < last {
			b.WriteString(strings.Repeat(" ", max(0, t.widths[i]-textWidth(text))+gap))
		}
	}
	b.WriteByte('\n')
}

// textWidth returns the width of text on a terminal: CJK characters and emoji are two columns wide.
func textWidth(text string) int { return runewidth.StringWidth(text) }
