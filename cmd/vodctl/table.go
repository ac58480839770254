package main

import (
	"io"
	"strings"

	"github.com/mattn/go-runewidth"
)

// Widths of a table, in columns of the terminal.
const (
	gap          = 2
	leastLast    = 16 // below which the shrinkable column gives way to the last
	leastShrunk  = 13
	tableHoldsUp = 500 // rows that are looked at for the widths before the first is written
)

// A style is how a cell looks on a terminal that has colours: an SGR sequence's parameters.
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
}

// A table writes rows in aligned columns. On a terminal its lines fit the width: the last column is cut,
// and, where that does not suffice, the shrinkable one. The widths are those of the first rows.
type table struct {
	out      io.Writer
	width    int // of the terminal, or 0 where it is none
	colour   bool
	shrink   int // the column that may be shortened
	rows     [][]cell
	widths   []int
	measured bool
}

func newTable(out io.Writer, shrink int, header ...string) *table {
	width := terminalWidth(out)
	t := &table{out: out, width: width, colour: width > 0 && colourful(), shrink: shrink, widths: make([]int, len(header))}
	cells := make([]cell, len(header))
	for i, name := range header {
		cells[i] = cell{name, bold}
	}
	t.rows = append(t.rows, cells)
	return t
}

// add takes one row. It returns whether it is time to flush.
func (t *table) add(cells ...cell) bool {
	for i := range cells {
		cells[i].text = strings.TrimRight(harmless(cells[i].text), " ")
	}
	t.rows = append(t.rows, cells)
	return t.measured || len(t.rows) > tableHoldsUp
}

// flush writes the rows that were added, and no header to nothing.
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

func (t *table) measure() {
	for _, row := range t.rows {
		for i, c := range row {
			t.widths[i] = max(t.widths[i], textWidth(c.text))
		}
	}
	last := len(t.widths) - 1
	if t.width == 0 {
		return
	}
	before := 0 // the columns before the last
	for _, w := range t.widths[:last] {
		before += w + gap
	}
	if missing := min(leastLast, t.widths[last]) - (t.width - before); missing > 0 && t.widths[t.shrink] > leastShrunk {
		shrunk := max(leastShrunk, t.widths[t.shrink]-missing)
		before -= t.widths[t.shrink] - shrunk
		t.widths[t.shrink] = shrunk
	}
	t.widths[last] = max(1, t.width-before)
}

func (t *table) line(b *strings.Builder, row []cell) {
	last := len(row) - 1
	for last > 0 && row[last].text == "" { // no blanks at the ends of lines
		last--
	}
	for i, c := range row[:last+1] {
		text := c.text
		if t.width > 0 && (i == t.shrink || i == len(t.widths)-1) && textWidth(text) > t.widths[i] {
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

// textWidth is how many columns a terminal needs for text: CJK characters and emoji are two wide.
func textWidth(text string) int { return runewidth.StringWidth(text) }
