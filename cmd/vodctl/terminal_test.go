package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vod-callback/recorder/cmd/vodctl/internal/query"
	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/outcome"
	"github.com/vod-callback/recorder/internal/store"
)

func TestHarmless(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                                "",
		"plain – 源文件 é 🎬":                 "plain – 源文件 é 🎬",
		"two\nlines\tand\r\n":             "two lines and  ",
		"\x1b[31mred\x1b[0m":              `\u001b[31mred\u001b[0m`,
		"bell\x07 nul\x00":                `bell\u0007 nul\u0000`,
		"c1 \u009b31m \u0085":             `c1 \u009b31m \u0085`,
		"bidi \u202egpj.exe":              `bidi \u202egpj.exe`,
		"isolate \u2066x\u2069":           `isolate \u2066x\u2069`,
		"hidden \u200b\u2060\ufeff\u3164": `hidden \u200b\u2060\ufeff\u3164`,
		"no-break\u00a0\u2028\u3000":      "no-break   ",
		"tag \U000e0041":                  `tag \udb40\udc41`,
		"bad \xff\xc3":                    `bad \xff\xc3`,
		"private \ue000":                  `private \ue000`,
	} {
		if got := harmless(in); got != want {
			t.Errorf("harmless(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestTerminalWriter writes JSON in pieces: on a terminal it is harmless, and still the same JSON.
func TestTerminalWriter(t *testing.T) {
	t.Parallel()
	text := "a \u202e \u009b31m \U000e0041 源文件 🎬 \ufffd \" \\ é"
	line, err := json.Marshal(text)
	check(t, err)
	line = append(line, '\n')
	for size := 1; size <= len(line); size++ {
		var out bytes.Buffer
		w := &terminalWriter{out: &out}
		for rest := line; len(rest) > 0; {
			n := min(size, len(rest))
			if wrote, err := w.Write(rest[:n]); wrote != n || err != nil {
				t.Fatalf("Write = %d, %v", wrote, err)
			}
			rest = rest[n:]
		}
		if strings.ContainsAny(out.String(), "\u202e\u009b\U000e0041") {
			t.Errorf("size %d: %q is written", size, out.String())
		}
		var got string
		if err := json.Unmarshal(out.Bytes(), &got); err != nil || got != text {
			t.Errorf("size %d: %q reads as %q, %v", size, out.String(), got, err)
		}
	}
}

func TestTableFits(t *testing.T) {
	t.Parallel()
	rows := [][]string{
		{"2026-11-22 16:30:00", "success", "0123456789abcdef0123456789abcdef", ""},
		{"2026-11-22 16:30:00", "fail", "short", "E.Code: " + strings.Repeat("损坏的源文件 ", 10)},
		{"2026-11-22 16:30:00", "fail", "中文中文中文中文中文中文中文中文", "E: two\nlines 🎬"},
	}
	for _, width := range []int{0, 40, 60, 80, 100, 200} {
		var out bytes.Buffer
		table := newTable(&out, column{name: "TIME"}, column{name: "STATUS"}, column{name: "MEDIA", least: leastID}, column{name: "ERROR"})
		table.width = width
		for _, row := range rows {
			cells := make([]cell, len(row))
			for i, text := range row {
				cells[i] = cell{text: text}
			}
			if table.add(cells...) {
				t.Error("it is time to flush already")
			}
		}
		check(t, table.flush())
		lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		if len(lines) != 4 {
			t.Fatalf("width %d: %q", width, lines)
		}
		column := -1 // at which the last column begins, in columns of the terminal
		for _, line := range lines {
			if width >= 60 && textWidth(line) > width {
				t.Errorf("width %d: %q needs %d", width, line, textWidth(line))
			}
			if strings.HasSuffix(line, " ") {
				t.Errorf("width %d: %q ends in blanks", width, line)
			}
			for _, begin := range []string{"ERROR", "E.Code", "E: two"} {
				before, _, ok := strings.Cut(line, begin)
				if !ok {
					continue
				}
				if w := textWidth(before); column >= 0 && w != column {
					t.Errorf("width %d: %q does not begin at %d\n%s", width, begin, column, out.String())
				} else {
					column = w
				}
			}
		}
		if width == 0 && !strings.Contains(out.String(), strings.TrimSpace(rows[1][3])) {
			t.Errorf("not on a terminal, and cut: %q", out.String())
		}
	}
}

// TestTableGivesWay checks what a narrow terminal shows: IDs give way to error codes, as far as they stay
// distinct, and then columns are left out.
func TestTableGivesWay(t *testing.T) {
	t.Parallel()
	const code = "InvalidParameter.ResourceContentBad"
	now := time.Now().UTC()
	rows := []query.Row{
		{KeyFacts: store.KeyFacts{Time: now, Media: "0123456789abcdef0123456789abcdef", Status: events.Fail}, Record: outcome.Outcome{Event: events.Event{ProjectID: "project-0123456789abcdef", Producer: "ims", ErrorCode: code, ErrorMessage: "The resource"}, Facts: outcome.Facts{Trigger: "mns_queue"}}},
		{KeyFacts: store.KeyFacts{Time: now, Media: "0123456789abcdef9999999999999999", Status: events.Success}},
		{KeyFacts: store.KeyFacts{Time: now.AddDate(-1, 0, 0), Media: "short", Status: events.Success}},
	}
	show := func(width int, wide bool, rows ...query.Row) string {
		var out bytes.Buffer
		w := newOutcomeTable(&out, tableOptions{loc: time.UTC, wide: wide}).(*outcomeTable)
		w.width = width
		w.clock = newClock(w.table, time.UTC)
		for _, row := range rows {
			_, err := w.row(row)
			check(t, err)
		}
		check(t, w.end())
		for _, line := range strings.Split(out.String(), "\n") {
			if width > 0 && textWidth(line) > width {
				t.Errorf("width %d, wide %v: %q needs %d", width, wide, line, textWidth(line))
			}
		}
		return out.String()
	}
	for _, tt := range []struct {
		width       int
		wide        bool
		rows        []query.Row
		want, avoid []string
	}{
		{80, false, rows[:1], []string{now.Format("\n01-02 15:04:05  fail"), "0123456789abcdef0…  " + code + "…"}, nil},
		{80, false, rows[:2], []string{"0123456789abcdef0…  InvalidParameter.ResourceContentBa", "0123456789abcdef9…"}, nil},
		{120, false, rows[:1], []string{"0123456789abcdef0123456789abcdef  " + code + ": The resource"}, nil},
		{60, false, rows[:1], []string{"01234567…  InvalidParameter.Resourc…"}, nil},
		{80, true, rows[:1], []string{"01234567…  project-…  ims       InvalidParameter.Resour…"}, []string{"TRIGGER"}},
		{60, true, rows[:1], []string{"01234567…  project-…  InvalidParame…"}, []string{"PRODUCER", "TRIGGER", "mns_queue"}},
		{80, false, rows, []string{now.AddDate(-1, 0, 0).Format("\n2006-01-02 15:04:05")}, nil},
		{0, true, rows[:2], []string{now.Format(time.DateTime), rows[0].Media + "  " + rows[0].Record.ProjectID, code + ": The resource\n"}, nil},
	} {
		got := show(tt.width, tt.wide, tt.rows...)
		for _, want := range tt.want {
			if !strings.Contains(got, want) {
				t.Errorf("width %d, wide %v:\n%swant %q", tt.width, tt.wide, got, want)
			}
		}
		for _, avoid := range tt.avoid {
			if strings.Contains(got, avoid) {
				t.Errorf("width %d, wide %v:\n%shas %q", tt.width, tt.wide, got, avoid)
			}
		}
	}
}

func TestColours(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	table := newTable(&out, column{name: "A"}, column{name: "B"})
	table.width, table.colour = 80, true
	table.add(cell{text: "x\x1b[0m", style: red}, cell{text: "y"})
	check(t, table.flush())
	if want := "\x1b[1mA\x1b[0m           \x1b[1mB\x1b[0m\n\x1b[31mx\\u001b[0m\x1b[0m  y\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}

func TestCSVCell(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "", "plain": `"plain"`, "a=b": `"a=b"`, "中": `"中"`, `say "x"`: `"say ""x"""`, "two\nlines": "\"two\nlines\"",
		"=1+1": `"'=1+1"`, "+1": `"'+1"`, "-1": `"'-1"`, "@x": `"'@x"`, "'x": `"''x"`,
		"x;=cmd|' /C calc'!A0": `"x;=cmd|' /C calc'!A0"`, // quoted, it is no cell of its own
		"\t=1":                 "\"'\t=1\"",
		"\r=1":                 "\"'\r=1\"",
		"\n=1":                 "\"'\n=1\"",
		" =1":                  `"' =1"`,
		"\u200b=1":             "\"'\u200b=1\"",
		"\ufeff\u00a0 @x":      "\"'\ufeff\u00a0 @x\"",
		"\ufe0f-1":             "\"'\ufe0f-1\"",
		"\u2800+1":             "\"'\u2800+1\"",
		"＝1":                   `"'＝1"`, "＋1": `"'＋1"`, "－1": `"'－1"`, "＠x": `"'＠x"`, "﹦1": `"'﹦1"`,
		"\u200b": "\"\u200b\"", " x=": `" x="`,
	} {
		if got := csvCell(in); got != want {
			t.Errorf("csvCell(%q) = %q, want %q", in, got, want)
		}
	}
	if got := csvCell(1); got != "1" {
		t.Errorf("a number: %q", got)
	}
}

// TestCSVIsRead reads what is written with a reader of CSV: the texts come back, but for the apostrophe.
func TestCSVIsRead(t *testing.T) {
	t.Parallel()
	o := outcome.Outcome{
		SchemaVersion: 1, Raw: []byte(`{"a":"b"}`),
		Event: events.Event{EventType: "a,b", MediaID: "\"\r\n", ErrorCode: "x;=y", ErrorMessage: "\n=1", UserData: "'q"},
	}
	var out bytes.Buffer
	w := outcomeCSV{newCSV(&out, members)}
	if _, err := w.row(query.Row{Record: o}); err != nil {
		t.Fatal(err)
	}
	check(t, w.end())
	rows, err := csv.NewReader(&out).ReadAll()
	check(t, err)
	if len(rows) != 2 || !slices.Equal(rows[0], members) {
		t.Fatalf("%q", rows)
	}
	for name, want := range map[string]string{
		"schema_version": "1", "event_type": "a,b", "media_id": "\"\n", "error_code": "x;=y", "error_message": "'\n=1", "user_data": "''q", "raw": `{"a":"b"}`, "job_id": "",
	} { // (the reader makes one line feed of a line's end)
		if got := rows[1][slices.Index(rows[0], name)]; got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
