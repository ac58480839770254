//go:build unix

package docs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const chinese = ".zh-CN.md"

// TestLanguages compares each Chinese page with the English one, so that neither gets a command, a row of a table,
// a heading, a name or a link that the other lacks.
func TestLanguages(t *testing.T) {
	t.Parallel()
	var translations []string
	for _, pattern := range []string{"/*" + chinese, "/docs/*" + chinese} {
		names, err := filepath.Glob(root + pattern)
		if err != nil {
			t.Fatal(err)
		}
		translations = append(translations, names...)
	}
	if len(translations) < 2 {
		t.Fatalf("there are only %d pages in Chinese: %q", len(translations), translations)
	}
	for _, name := range translations {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			original := english(name)
			en, zh := readOutline(t, original), readOutline(t, name)
			if len(en.links) == 0 || len(zh.links) == 0 || en.links[0] != filepath.Base(name) || zh.links[0] != filepath.Base(original) {
				t.Fatalf("the first link of %s and of %s must lead to the other", original, name)
			}
			en.links, zh.links = en.links[1:], zh.links[1:]
			for i, l := range en.links {
				en.links[i] = translate(t, filepath.Dir(name), l)
			}
			for _, d := range differences(en, zh) {
				t.Error(d)
			}
		})
	}
}

// english returns the name of the page that name is the translation of.
func english(name string) string { return strings.TrimSuffix(name, chinese) + ".md" }

// translate returns where a link of an English page in dir leads to in its translation: to the translated page and
// its heading at the same place, if there is one, and to the Chinese edition of the cloud's documentation.
func translate(t *testing.T, dir, target string) string {
	t.Helper()
	for _, prefix := range []string{"https://www.alibabacloud.com/help/en/", "https://help.aliyun.com/en/"} {
		if rest, ok := strings.CutPrefix(target, prefix); ok {
			return "https://help.aliyun.com/zh/" + rest
		}
	}
	page, fragment, hasFragment := strings.Cut(target, "#")
	translation := strings.TrimSuffix(page, ".md") + chinese
	if _, err := os.Stat(filepath.Join(dir, translation)); !strings.HasSuffix(page, ".md") || err != nil {
		return target
	}
	if !hasFragment {
		return translation
	}
	en, zh := readOutline(t, filepath.Join(dir, page)), readOutline(t, filepath.Join(dir, translation))
	i := slices.IndexFunc(en.sections, func(s section) bool { return anchor(s.title) == fragment })
	if i < 0 || i >= len(zh.sections) {
		t.Fatalf("%s: there is no such heading in both languages", target)
	}
	return translation + "#" + anchor(zh.sections[i].title)
}

// An outline is what a page and its translation must have in common.
type outline struct {
	code     []string // the lines of the code blocks, without comments
	notRun   []bool   // of each console block, whether the page says that it is not run
	sections []section
	links    []string
}

// A section is a heading and what follows it, up to the next one.
type section struct {
	level int
	title string
	spans []string   // the code spans outside the tables, sorted, each once
	rows  [][]string // of each row of a table, the number of cells and the code spans, sorted
}

var (
	codeBlock = regexp.MustCompile("(?ms)^ *```.*?^ *```$\n?")
	codeSpan  = regexp.MustCompile("`[^`]+`")
	comment   = regexp.MustCompile(`(?m) {2,}# .*$`)
)

func readOutline(t *testing.T, name string) outline {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	o, err := outlineOf(string(text))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return o
}

// outlineOf returns the outline of a page.
func outlineOf(page string) (outline, error) {
	blocks, err := parse(page)
	if err != nil {
		return outline{}, err
	}
	var o outline
	for _, b := range blocks {
		o.notRun = append(o.notRun, b.notRun != "")
	}
	for _, code := range codeBlock.FindAllString(page, -1) {
		o.code = append(o.code, strings.Split(comment.ReplaceAllString(code, ""), "\n")...)
	}
	text := codeBlock.ReplaceAllString(page, "")
	for _, m := range link.FindAllStringSubmatch(text, -1) {
		o.links = append(o.links, m[1]+m[2])
	}
	sections, indented := sectionsOf(text)
	o.sections, o.code = sections, append(o.code, indented...)
	return o, nil
}

// sectionsOf returns the sections of a page without its fenced code, and the lines of its indented code.
func sectionsOf(text string) (sections []section, code []string) {
	sections = []section{{}} // what precedes the first heading
	var prose strings.Builder
	endSection := func() {
		sections[len(sections)-1].spans = slices.Compact(spansOf(prose.String()))
		prose.Reset()
	}
	before := "" // the previous line: code is indented after a blank line, a list also after text
	for line := range strings.Lines(text) {
		now := &sections[len(sections)-1]
		indented := strings.HasPrefix(line, "    ") && (before == "" || strings.HasPrefix(before, "    "))
		switch m := heading.FindStringSubmatch(strings.TrimSpace(line)); {
		case m != nil:
			endSection()
			sections = append(sections, section{level: strings.Index(line, " "), title: m[1]})
		case indented:
			code = append(code, strings.TrimSpace(line))
		case strings.HasPrefix(line, "|"):
			now.rows = append(now.rows, append([]string{fmt.Sprint(strings.Count(line, "|")-1, " cells")}, spansOf(line)...))
		default:
			prose.WriteString(line)
		}
		before = strings.TrimRight(line, "\n")
	}
	endSection()
	return sections, code
}

// spansOf returns the code spans of a text, sorted.
func spansOf(text string) []string {
	spans := codeSpan.FindAllString(strings.ReplaceAll(text, "\n", " "), -1)
	slices.Sort(spans)
	return spans
}

// differences returns what a page has and its translation lacks, or the other way round.
func differences(en, zh outline) (found []string) {
	found = lacking("a line of code", en.code, zh.code)
	if len(found) == 0 && !slices.Equal(en.code, zh.code) {
		found = append(found, "the lines of code are in another order")
	}
	found = append(found, lacking("a link", en.links, zh.links)...)
	if len(found) == 0 && !slices.Equal(en.notRun, zh.notRun) {
		found = append(found, fmt.Sprintf("the console blocks marked as not run are %v and %v", en.notRun, zh.notRun))
	}
	if len(en.sections) != len(zh.sections) {
		return append(found, fmt.Sprintf("there are %d and %d headings", len(en.sections)-1, len(zh.sections)-1))
	}
	for i, e := range en.sections {
		z := zh.sections[i]
		where := fmt.Sprintf("%q and %q: ", e.title, z.title)
		if e.level != z.level {
			found = append(found, where+fmt.Sprintf("the headings have the levels %d and %d", e.level, z.level))
		}
		if len(e.rows) != len(z.rows) {
			found = append(found, where+fmt.Sprintf("the tables have %d and %d rows", len(e.rows), len(z.rows)))
		} else {
			for j := range e.rows {
				if !slices.Equal(e.rows[j], z.rows[j]) {
					found = append(found, where+fmt.Sprintf("row %d has %q and %q", j+1, e.rows[j], z.rows[j]))
				}
			}
		}
		for _, d := range lacking("a code span", e.spans, z.spans) {
			found = append(found, where+d)
		}
	}
	return found
}

// lacking returns what is in one list only, and how often it is there.
func lacking(what string, en, zh []string) (found []string) {
	count := map[string]int{}
	for _, s := range en {
		count[s]++
	}
	for _, s := range zh {
		count[s]--
	}
	for _, s := range append(slices.Clone(en), zh...) {
		switch n := count[s]; {
		case n > 0:
			found = append(found, fmt.Sprintf("%s is missing in Chinese: %s", what, s))
		case n < 0:
			found = append(found, fmt.Sprintf("%s is missing in English: %s", what, s))
		}
		count[s] = 0
	}
	return found
}

func TestDifferences(t *testing.T) {
	t.Parallel()
	const page = "# Title\n\nUse `make` and [this](a.md).\n\n```console\n$ make build   # compiles\nmade\nbuilt\n```\n\n## Table\n\n" +
		"| name | |\n|---|---|\n| `A` | with `B` |\n\nIn the cloud: ☁\n\n```console\n$ s deploy\n```\n\n    key/of/a/record\n"
	tests := []struct {
		name, old, new string
		want           string // a part of the only difference; none where it is empty
	}{
		{"the same", "", "", ""},
		{"words", "Use `make` and [this](a.md)", "用[这个](a.md)和 `make`", ""},
		{"a heading's words", "## Table", "## 表", ""},
		{"a comment", "# compiles", "# 编译", ""},
		{"a cell's words", "| with `B` |", "| 和 `B` |", ""},
		{"another command", "$ make build ", "$ make package ", "line of code"},
		{"one more command", "made\n", "made\n$ make clean\n", "line of code"},
		{"one command less", "$ make build   # compiles\nmade", "$ true", "line of code"},
		{"another output", "made\n", "构建完成\n", "line of code"},
		{"another order", "made\nbuilt\n", "built\nmade\n", "another order"},
		{"one more block", "\n## Table", "\n```sh\nls\n```\n\n## Table", "a line of code is missing in English: ls"},
		{"an indented block", "key/of/a/record", "key/of/a/file", "line of code"},
		{"a block that claims to need no cloud", "☁", "", "not run"},
		{"one row less", "| `A` | with `B` |\n", "", "3 and 2 rows"},
		{"another name in a row", "with `B`", "with `C`", "row 3"},
		{"one cell more", "| name | |", "| name | | |", "row 1"},
		{"another name in the text", "`make`", "`ninja`", "code span"},
		{"another level", "## Table", "### Table", "levels 2 and 3"},
		{"a heading less", "## Table\n", "", "headings"},
		{"another link", "(a.md)", "(b.md)", "link"},
	}
	en, err := outlineOf(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(page, tt.old) {
				t.Fatalf("the page has no %q", tt.old)
			}
			zh, err := outlineOf(strings.Replace(page, tt.old, tt.new, 1))
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join(differences(en, zh), "\n")
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("differences: %q, want %q", got, tt.want)
			}
			if reversed := differences(zh, en); len(reversed) == 0 != (tt.want == "") {
				t.Errorf("with the languages exchanged: %q, want %q", reversed, tt.want)
			}
		})
	}
}
