package report_test

import (
	"bytes"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vod-callback/recorder/cmd/vodctl/internal/report"
	"github.com/vod-callback/recorder/events"
)

// hostile is a text that an attacker may put into an event.
const hostile = `</td></table><script>window.owned=1</script><img src=x onerror="window.owned=1"> {{.}} ${owned} <!-- & &amp; 'q' "q" ` + "\u202etxt.exe \x1b[31m \u2028 源文件损坏"

// hostilePage returns a page with everything that it can have, and with hostile texts wherever there is a
// text of an event.
func hostilePage() report.Report {
	b := report.NewBuilder(options())
	b.ExpectLater()
	for i, text := range []string{hostile, "javascript:alert(1)", `"><b onmouseover=alert(1)>`} {
		row := failureOf(time.Duration(i+1)*time.Minute, "Hostile"+text, text, text)
		row.Media = "m" + fmt.Sprint(i) + hostile[:40]
		b.Add(row)
	}
	b.Add(failureOf(3*time.Minute+30*time.Second, strings.Repeat("Code.", 180), strings.Repeat("words ", 150), strings.Repeat("0123456789abcdef", 4)))
	addHistory(b)
	for i := range 30 {
		b.AddMissing(report.Missing{
			Time: end.Add(-time.Duration(i+1) * time.Hour), Status: events.Fail, Media: strings.Repeat("ab12", 8), Project: strings.Repeat("cd34", 8),
			Code: "Missing", Message: hostile,
		})
	}
	b.Add(rowOf("trouble", end.AddDate(0, 0, -13), events.Success))
	row := laterOf("TranscodeComplete", failureOf(time.Hour, "Later", hostile, ""))
	row.Media = "trouble"
	b.AddLater(row)
	b.Rejected(3, []report.Rejected{{Time: end.Add(-time.Hour), Trigger: "http", Reason: hostile}})
	return b.Report(1, []string{"ProduceMediaComplete/dt=2026-11-20/x: " + hostile})
}

// pageFile writes the page to a file and returns its URL.
func pageFile(t *testing.T, r report.Report) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "report.html")
	check(t, os.WriteFile(file, []byte(page(t, r)), 0o600))
	return (&url.URL{Scheme: "file", Path: file}).String()
}

// TestBrowser looks at the page in a real browser. Each part leaves the page as it found it.
func TestBrowser(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	b.look(desktop, 900, "light")
	b.open(pageFile(t, hostilePage()))
	for _, part := range []struct {
		name string
		test func(*testing.T, *browser)
	}{
		{"hostile texts stay text", testHostileTexts},
		{"a screenful first", testScreenful},
		{"filters", testFilters},
		{"labels stand below their bars", testLabels},
		{"identifiers and long texts", testLongTexts},
		{"language", testLanguageSwitch},
		{"copying", testCopying},
		{"keyboard", testKeyboard},
		{"looks", testLooks},
		{"screen reader", testScreenReader},
		{"print", testPrint},
		{"height on a phone", testHeight},
		{"renewal", testRenewal},
	} {
		t.Run(part.name, func(t *testing.T) { part.test(t, b) })
	}
	if noise := b.complaints(); len(noise) > 0 {
		t.Errorf("the console is not silent: %s", noise)
	}
}

// Widths of windows, in pixels.
const (
	desktop = 1200
	phone   = 390
	paper   = 794 // A4
)

// reload loads the page again, without what is remembered in its address where plain is set.
func (b *browser) reload(plain bool) {
	b.t.Helper()
	url := eval[string](b, `location.href.replace('#', '?#')`)
	if plain {
		url = eval[string](b, `location.href.split(/[?#]/)[0]`)
	}
	b.open(url)
}

// visible returns how many rows can be seen, and how many there are.
func (b *browser) visible(selector string) (seen, all int) {
	b.t.Helper()
	return eval[int](b, `[...document.querySelectorAll('`+selector+`')].filter((r) => r.offsetHeight > 0).length`),
		eval[int](b, `document.querySelectorAll('`+selector+`').length`)
}

// failures presses "Show more" until there is no more, and returns how many failures can be seen.
func (b *browser) failures() int {
	b.t.Helper()
	eval[any](b, `(() => { const more = document.querySelector('.failures + .more'); while (!more.hidden) more.click(); })()`)
	seen, _ := b.visible("#rows tr")
	return seen
}

func (b *browser) clearFilters() {
	b.t.Helper()
	eval[any](b, `document.getElementById('f-clear').click()`)
}

func testHostileTexts(t *testing.T, b *browser) {
	if eval[bool](b, `'owned' in window || document.querySelector('main img, main b, main script') !== null`) {
		t.Error("something of an event became part of the page")
	}
	if got := eval[string](b, `document.querySelector('#rows .message > bdi').textContent`); got != hostile {
		t.Errorf("the message reads %q, want %q", got, hostile)
	}
	if code := eval[string](b, `document.querySelector('#f-code').options[1].value`); code != "Hostile"+hostile {
		t.Errorf("the filter offers %q", code)
	}
}

func testScreenful(t *testing.T, b *browser) {
	first, _ := b.visible("#rows tr")
	eval[any](b, `document.querySelector('.failures + .more').click()`)
	then, _ := b.visible("#rows tr")
	last := b.failures()
	if _, all := b.visible("#rows tr"); first != 20 || then != 80 || last != all {
		t.Errorf("%d, then %d, then %d of %d failures are to be seen", first, then, last, all)
	}
	if seen, all := b.visible("[aria-labelledby=missing] tbody tr"); seen != 20 || all != 30 {
		t.Errorf("%d of %d edits without a callback are to be seen", seen, all)
	}
}

func testFilters(t *testing.T, b *browser) {
	const columns = `JSON.stringify([...document.querySelectorAll('.failures th')].map((th) => th.getBoundingClientRect().left))`
	all, places := b.failures(), eval[string](b, columns)
	if all < 50 {
		t.Fatalf("%d failures are to be seen", all)
	}
	for _, tt := range []struct {
		name, set string
		want      string // which rows fit, said another way
	}{
		{"text", `f = document.getElementById('f-text'); f.value = 'CLUSTER temporarily'`, `r.textContent.includes('cluster is temporarily')`},
		{"code", `f = document.getElementById('f-code'); f.value = 'InternalError'`, `r.querySelector('strong').textContent === 'InternalError'`},
		{"hostile code", `f = document.getElementById('f-code'); f.selectedIndex = 1`, `r.textContent.includes('Hostile</td>')`},
		{"period", `f = document.getElementById('f-period'); f.selectedIndex = 2`, `r.querySelector('time').textContent.startsWith('2026-11-21')`},
		{"CJK", `f = document.getElementById('f-text'); f.value = '源文件损坏：'`, `r.textContent.includes('源文件损坏：')`},
		{"none", `f = document.getElementById('f-text'); f.value = 'no such thing'`, `false`},
	} {
		b.clearFilters()
		if n := b.failures(); n != all {
			t.Errorf("cleared: %d of %d are to be seen", n, all)
		}
		eval[any](b, `{ let f; `+tt.set+`; f.dispatchEvent(new Event('input', {bubbles: true})); }`)
		want := eval[int](b, `[...document.querySelectorAll('#rows tr')].filter((r) => `+tt.want+`).length`)
		if n := b.failures(); n != want || n == all || n == 0 && tt.name != "none" {
			t.Errorf("%s: %d are to be seen, want %d of %d", tt.name, n, want, all)
		}
		count := fmt.Sprintf("%d of %d", want, all)
		if want == 0 {
			count = "None of the newest failures matches."
		}
		if said := eval[string](b, `document.getElementById('f-count').textContent`); said != count {
			t.Errorf("%s: the page says %q, want %q", tt.name, said, count)
		}
		if now := eval[string](b, columns); now != places {
			t.Errorf("%s: the columns moved from %s to %s", tt.name, places, now)
		}
	}
	b.clearFilters()
	eval[any](b, `document.querySelector('.pick[data-code="InternalError"]').click()`)
	picked := b.failures()
	if picked == 0 || picked == all {
		t.Errorf("a code was picked: %d of %d are to be seen", picked, all)
	}
	b.reload(false) // the address keeps the filters
	if n := b.failures(); n != picked {
		t.Errorf("loaded again: %d are to be seen, want %d", n, picked)
	}
	b.clearFilters()
	eval[any](b, `document.querySelector('.bar.can').dispatchEvent(new MouseEvent('click', {bubbles: true}))`)
	if n := b.failures(); n == 0 || n == all {
		t.Errorf("a bar was clicked: %d of %d are to be seen", n, all)
	}
	b.clearFilters()
}

func testLabels(t *testing.T, b *browser) {
	for _, width := range []int{phone, desktop} {
		b.look(width, 900, "light")
		labels := eval[[]string](b, `[...document.querySelectorAll('.x text')].filter((label) => getComputedStyle(label).display !== 'none').map((label) => {
			const middle = (e) => { const r = e.getBoundingClientRect(); return r.left + r.width / 2; };
			const bar = label.closest('.plot').querySelector('.bar[data-period="' + label.dataset.bar + '"] .hit');
			const off = Math.abs(middle(label) - middle(bar));
			return off < 1 && label.getBoundingClientRect().right <= innerWidth ? '' : label.textContent + ' is off by ' + off;
		})`)
		if len(labels) < 8 || slices.Max(labels) != "" {
			t.Errorf("at %d: %q", width, labels)
		}
	}
}

func testLongTexts(t *testing.T, b *browser) {
	broken := eval[[]string](b, `[...document.querySelectorAll('.id')].filter((e) => e.offsetHeight > 24).map((e) => e.textContent)`)
	if len(broken) > 0 {
		t.Errorf("these IDs are broken: %q", broken)
	}
	if tall := eval[int](b, `Math.max(...[...document.querySelectorAll('#rows tr')].map((r) => r.offsetHeight))`); tall > 160 {
		t.Errorf("a failure is %d pixels high", tall)
	}
}

func testLanguageSwitch(t *testing.T, b *browser) {
	const texts = `document.querySelector('h1').innerText + '|' + document.title + '|' + document.getElementById('f-text').placeholder + '|' + document.querySelector('#f-code option').text + '|' + document.documentElement.lang`
	english := eval[string](b, texts)
	eval[any](b, `document.querySelector('[data-lang=zh]').click()`)
	b.reload(false) // the address keeps the language
	chinese := eval[string](b, texts)
	eval[any](b, `document.querySelector('[data-lang=en]').click()`)
	if !strings.HasPrefix(english, "What became of the edits|") || !strings.HasSuffix(english, "|ID, project, message|all|en") {
		t.Errorf("in English: %q", english)
	}
	if !strings.HasPrefix(chinese, "剪辑结果|") || !strings.HasSuffix(chinese, "|ID、工程、信息|全部|zh") {
		t.Errorf("in Chinese: %q", chinese)
	}
	if again := eval[string](b, texts); again != english {
		t.Errorf("in English again: %q", again)
	}
}

func testCopying(t *testing.T, b *browser) {
	const opacity = `getComputedStyle(document.querySelector('.copy')).opacity`
	before := eval[string](b, opacity)
	eval[any](b, `document.querySelector('.copy').focus({focusVisible: true})`)
	if focused := eval[string](b, opacity); before != "0" || focused != "1" {
		t.Errorf("a copy button's opacity is %s, and focused %s", before, focused)
	}
	said := eval[string](b, `(async () => {
		document.querySelector('.copy').click();
		for (let i = 0; i < 500 && !document.getElementById('said').textContent; i++) await new Promise((r) => setTimeout(r, 10));
		return document.getElementById('said').textContent + '|' + getSelection();
	})()`)
	id := eval[string](b, `document.querySelector('.copy').previousElementSibling.textContent`)
	if said != "copied "+id+"|" && said != "selected|"+id {
		t.Errorf("copying %q: %q", id, said)
	}
}

func testKeyboard(t *testing.T, b *browser) {
	b.reload(true)
	var stops []string
	for range 120 {
		b.press("Tab", 9)
		stops = append(stops, eval[string](b, `(() => { const e = document.activeElement, s = getComputedStyle(e); return (e.id || e.className || e.tagName) + (s.outlineStyle === 'none' ? ' unseen' : '') })()`))
	}
	for _, want := range []string{"SUMMARY", "pick", "f-text", "f-code", "f-period", "f-clear", "copy", "more"} {
		if !slices.Contains(stops, want) {
			t.Errorf("Tab does not come to %s: %q", want, stops)
		}
	}
	eval[any](b, `document.activeElement.blur()`)
	eval[any](b, `scrollTo(0, 0)`)
}

func testLooks(t *testing.T, b *browser) {
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int{desktop, phone} {
			b.look(width, 900, scheme)
			name := fmt.Sprintf("%s-%d.png", scheme, width)
			wide := fmt.Sprintf(`[...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > %d && !e.closest('.scroll, .id')).map((e) => e.outerHTML.slice(0, 80))`, width)
			if over := eval[[]string](b, wide); len(over) > 0 || eval[int](b, `document.documentElement.scrollWidth`) > width {
				t.Errorf("%s: these are wider than the page: %q", name, over)
			}
			if poor := eval[[]string](b, contrasts); len(poor) > 0 {
				t.Errorf("%s: contrast below AA: %q", name, poor)
			}
			keep(t, name, b.screenshot)
		}
	}
}

// keep writes what people may want to look at to the directory that REPORT_SCREENSHOTS names.
func keep(t *testing.T, name string, data func() []byte) {
	t.Helper()
	if dir := os.Getenv("REPORT_SCREENSHOTS"); dir != "" {
		check(t, os.WriteFile(filepath.Join(dir, name), data(), 0o600))
	}
}

// testHeight looks at an ordinary page: three weeks of edits, a hundred failures, rejected deliveries.
func testHeight(t *testing.T, b *browser) {
	ordinary := report.NewBuilder(options())
	addHistory(ordinary)
	ordinary.Rejected(3, []report.Rejected{{Time: end.Add(-time.Hour), Trigger: "http", Reason: "EventTime is missing"}})
	b.look(phone, 900, "light")
	b.open(pageFile(t, ordinary.Report(0, nil)))
	if height := eval[int](b, `document.documentElement.scrollHeight`); height > 8000 {
		t.Errorf("%d pixels high on a phone", height)
	}
}

// testScreenReader looks at the accessibility tree at a phone's width, where rows look like cards.
func testScreenReader(t *testing.T, b *browser) {
	b.look(phone, 900, "light")
	var tree struct {
		Nodes []struct {
			Ignored    bool
			Role, Name struct{ Value any }
		}
	}
	b.call("Accessibility.getFullAXTree", nil, &tree)
	roles := map[string]int{}
	for _, n := range tree.Nodes {
		if n.Ignored {
			continue
		}
		role, name := fmt.Sprint(n.Role.Value), fmt.Sprint(n.Name.Value)
		roles[role]++
		if (role == "button" || role == "image" || role == "searchbox" || role == "combobox") && name == "" {
			t.Errorf("a %s has no name", role)
		}
	}
	if roles["table"] != 5 || roles["columnheader"] != 4+4*3 || roles["row"] < 50 || roles["image"] != 2 || roles["heading"] != 8 {
		t.Errorf("the accessibility tree has %v", roles)
	}
}

func testPrint(t *testing.T, b *browser) {
	b.look(paper, 1123, "light")
	b.reload(true)
	b.call("Emulation.setEmulatedMedia", map[string]any{"media": "print"}, nil)
	if seen, all := b.visible(".cards tbody tr"); seen != all {
		t.Errorf("%d of %d rows are printed", seen, all)
	}
	apart := eval[[]string](b, `[...document.querySelectorAll('h2')].filter((h) => getComputedStyle(h).breakAfter !== 'avoid').map((h) => h.textContent)`)
	if len(apart) > 0 {
		t.Errorf("these headings may be parted from their tables: %q", apart)
	}
	var pdf struct{ Data []byte }
	b.call("Page.printToPDF", map[string]any{"printBackground": false}, &pdf)
	if !bytes.HasPrefix(pdf.Data, []byte("%PDF")) {
		t.Errorf("printing gives %.20q", pdf.Data)
	}
	keep(t, "print.pdf", func() []byte { return pdf.Data })
}

func testRenewal(t *testing.T, b *browser) {
	r := hostilePage()
	r.View.Refresh = 1
	b.look(desktop, 900, "light")
	b.open(pageFile(t, r))
	eval[any](b, `void (window.old = true)`)
	for start := time.Now(); eval[bool](b, `'old' in window`); {
		if time.Since(start) > patience {
			t.Fatal("the page does not load itself again")
		}
	}
}

// contrasts returns the texts whose contrast is below WCAG's AA: 4.5, or 3 for large ones.
const contrasts = `(() => {
	const parse = (c) => c.match(/[\d.]+/g).map(Number);
	const lum = ([r, g, b]) => { const f = (v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b); };
	const behind = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.length === 3 || c[3] > 0) return c; } return [255, 255, 255]; };
	const poor = new Set();
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walker.nextNode()) {
		const e = walker.currentNode.parentElement;
		if (!walker.currentNode.textContent.trim() || e.closest('svg, script, .unseen, [hidden]') || e.offsetHeight === 0) continue;
		const style = getComputedStyle(e);
		const [a, b] = [lum(parse(style.color)), lum(behind(e))];
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		const large = parseFloat(style.fontSize) >= 24 || parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700;
		if (ratio < (large ? 3 : 4.5)) poor.add(ratio.toFixed(2) + ' ' + e.tagName + '.' + e.className + ' ' + e.textContent.trim().slice(0, 30));
	}
	return [...poor];
})()`
