package report_test

import (
	"bytes"
	"fmt"
	"image/png"
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

// hostile is what a stranger may put into an event.
const hostile = `</td></table><script>window.owned=1</script><img src=x onerror="window.owned=1"> {{.}} ${owned} <!-- & &amp; 'q' "q" ` + "\u202etxt.exe \x1b[31m \u2028 源文件损坏"

// pageFile writes the page of a history with hostile failures in it, and returns its URL.
func pageFile(t *testing.T, refresh int) string {
	t.Helper()
	b := report.NewBuilder(options())
	b.ExpectLater()
	for i, text := range []string{hostile, "javascript:alert(1)", `"><b onmouseover=alert(1)>`} {
		row := rowOf("m"+fmt.Sprint(i)+hostile[:40], end.Add(-time.Duration(i+1)*time.Minute), events.Fail)
		row.Record.ErrorCode, row.Record.ErrorMessage, row.Record.ProjectID = "Hostile"+text, text, text
		b.Add(row)
	}
	long := failureOf(3*time.Minute+30*time.Second, strings.Repeat("Code.", 180), strings.Repeat("words ", 150), strings.Repeat("0123456789abcdef", 4))
	b.Add(long)
	addHistory(b)
	for i := range 3 {
		b.AddMissing(report.Missing{Time: end.Add(-time.Duration(i+1) * time.Hour), Status: events.Fail, Media: strings.Repeat("ab12", 8), Project: strings.Repeat("cd34", 8), Code: "Missing", Message: hostile})
	}
	for media, event := range map[string]string{"trouble": "TranscodeComplete", "fine": "AIMediaAuditComplete"} {
		b.Add(rowOf(media, end.AddDate(0, 0, -13), events.Success))
		row := laterOf(event, failureOf(time.Hour, "Later", hostile, ""))
		row.Media = media
		b.AddLater(row)
	}
	b.Rejected(3, []report.Rejected{{Time: end.Add(-time.Hour), Trigger: "http", Reason: hostile}})
	r := b.Report(1, []string{"ProduceMediaComplete/dt=2026-11-20/x: " + hostile})
	r.View.Refresh = refresh
	var page bytes.Buffer
	check(t, r.Write(&page))
	file := filepath.Join(t.TempDir(), "report.html")
	check(t, os.WriteFile(file, page.Bytes(), 0o600))
	return (&url.URL{Scheme: "file", Path: file}).String()
}

// TestBrowser looks at the page in a real browser.
func TestBrowser(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	b.look(1200, 900, "light")
	b.open(pageFile(t, 0))

	t.Run("what a stranger wrote stays text", func(t *testing.T) {
		if eval[bool](b, `'owned' in window || document.querySelector('main img, main b, main script') !== null`) {
			t.Error("something of an event became part of the page")
		}
		if got := eval[string](b, `document.querySelector('#rows .message > bdi').textContent`); got != hostile {
			t.Errorf("the message reads %q, want %q", got, hostile)
		}
		if code := eval[string](b, `document.querySelector('#f-code').options[1].value`); code != "Hostile"+hostile {
			t.Errorf("the filter offers %q", code)
		}
	})

	// What stands below a screenful is asked for first, so that "visible" is what a filter leaves.
	more := func() {
		eval[any](b, `(() => { const more = document.querySelector('.failures + .more'); while (!more.hidden) more.click(); })()`)
	}
	t.Run("a screenful first", func(t *testing.T) {
		const shown = `[...document.querySelectorAll('#rows tr')].filter((r) => r.offsetHeight > 0).length`
		first := eval[int](b, shown)
		eval[any](b, `document.querySelector('.failures + .more').click()`)
		then := eval[int](b, shown)
		more()
		if all := eval[int](b, `document.querySelectorAll('#rows tr').length`); first != 20 || then != 80 || eval[int](b, shown) != all {
			t.Errorf("%d, then %d, then %d of %d failures are to be seen", first, then, eval[int](b, shown), all)
		}
	})

	visible := func() int {
		more()
		return eval[int](b, `[...document.querySelectorAll('#rows tr')].filter((r) => r.offsetHeight > 0).length`)
	}
	columns := `JSON.stringify([...document.querySelectorAll('.failures th')].map((th) => th.getBoundingClientRect().left))`
	clearFilters := func() { eval[any](b, `document.getElementById('f-clear').click()`) }
	all := visible()
	t.Run("filters", func(t *testing.T) {
		if all < 50 {
			t.Fatalf("%d failures are to be seen", all)
		}
		places := eval[string](b, columns)
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
			clearFilters()
			if n := visible(); n != all {
				t.Errorf("cleared: %d of %d are to be seen", n, all)
			}
			eval[any](b, `{ let f; `+tt.set+`; f.dispatchEvent(new Event('input', {bubbles: true})); }`)
			want := eval[int](b, `[...document.querySelectorAll('#rows tr')].filter((r) => `+tt.want+`).length`)
			if n := visible(); n != want || n == all || n == 0 && tt.name != "none" {
				t.Errorf("%s: %d are to be seen, want %d of %d", tt.name, n, want, all)
			}
			said := eval[string](b, `document.getElementById('f-count').textContent`)
			if saidWant := fmt.Sprintf("%d of %d", want, all); tt.name == "none" && !strings.HasPrefix(said, "None of") || tt.name != "none" && said != saidWant {
				t.Errorf("%s: the page says %q", tt.name, said)
			}
			if now := eval[string](b, columns); now != places {
				t.Errorf("%s: the columns moved from %s to %s", tt.name, places, now)
			}
		}
		clearFilters()
		eval[any](b, `document.querySelector('.pick[data-code="InternalError"]').click()`)
		picked := visible()
		if picked == 0 || picked == all {
			t.Errorf("a code was picked: %d of %d are to be seen", picked, all)
		}
		b.open(eval[string](b, `location.href.replace('#', '?#')`)) // the address keeps the filters
		if n := visible(); n != picked {
			t.Errorf("loaded anew: %d are to be seen, want %d", n, picked)
		}
		clearFilters()
		eval[any](b, `document.querySelector('.bar.can').dispatchEvent(new MouseEvent('click', {bubbles: true}))`)
		if n := visible(); n == 0 || n == all {
			t.Errorf("a bar was clicked: %d of %d are to be seen", n, all)
		}
		clearFilters()
	})

	t.Run("labels stand below their bars", func(t *testing.T) {
		for _, width := range []int{1200, 390} {
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
		b.look(1200, 900, "light")
	})

	t.Run("identifiers and long texts", func(t *testing.T) {
		broken := eval[[]string](b, `[...document.querySelectorAll('.id')].filter((e) => e.offsetHeight > 24).map((e) => e.textContent)`)
		if len(broken) > 0 {
			t.Errorf("these IDs are broken: %q", broken)
		}
		if tall := eval[int](b, `Math.max(...[...document.querySelectorAll('#rows tr')].map((r) => r.offsetHeight))`); tall > 160 {
			t.Errorf("a failure is %d pixels high", tall)
		}
	})

	t.Run("switches the language", func(t *testing.T) {
		page := `document.querySelector('h1').innerText + '|' + document.title + '|' + document.getElementById('f-text').placeholder + '|' + document.querySelector('#f-code option').text + '|' + document.documentElement.lang`
		english := eval[string](b, page)
		eval[any](b, `document.querySelector('[data-lang=zh]').click()`)
		b.open(eval[string](b, `location.href.replace('#', '?#')`)) // the address keeps it
		chinese := eval[string](b, page)
		eval[any](b, `document.querySelector('[data-lang=en]').click()`)
		if !strings.HasPrefix(english, "What became of the edits|") || !strings.HasSuffix(english, "|ID, project, message|all|en") ||
			!strings.HasPrefix(chinese, "剪辑结果|") || !strings.HasSuffix(chinese, "|ID、工程、信息|全部|zh") || eval[string](b, page) != english {
			t.Errorf("English %q, Chinese %q, and English again %q", english, chinese, eval[string](b, page))
		}
	})

	t.Run("copies identifiers", func(t *testing.T) {
		opacity := `getComputedStyle(document.querySelector('.copy')).opacity`
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
	})

	t.Run("keyboard", func(t *testing.T) {
		b.open(eval[string](b, `location.href.split(/[?#]/)[0]`))
		var stops []string
		for range 120 {
			b.press("Tab", 9)
			stops = append(stops, eval[string](b, `(() => { const e = document.activeElement, s = getComputedStyle(e); return (e.id || e.className || e.tagName) + (s.outlineStyle === 'none' ? ' unseen' : '') })()`))
		}
		for _, want := range []string{"SUMMARY", "pick", "f-text", "f-code", "f-period", "f-clear", "copy"} {
			if !slices.Contains(stops, want) {
				t.Errorf("Tab does not come to %s: %q", want, stops)
			}
		}
		eval[any](b, `document.activeElement.blur()`)
		eval[any](b, `scrollTo(0, 0)`)
	})

	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int{1200, 390} {
			t.Run(fmt.Sprintf("%s %d", scheme, width), func(t *testing.T) {
				b.look(width, 900, scheme)
				if height := eval[int](b, `document.documentElement.scrollHeight`); width == 390 && height > 10_000 {
					t.Errorf("the page is %d pixels high on a phone", height)
				}
				wide := fmt.Sprintf(`[...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > %d && !e.closest('.scroll, .id')).map((e) => e.outerHTML.slice(0, 80))`, width)
				if over := eval[[]string](b, wide); len(over) > 0 || eval[int](b, `document.documentElement.scrollWidth`) > width {
					t.Errorf("these are wider than the page: %q", over)
				}
				if poor := eval[[]string](b, contrasts); len(poor) > 0 {
					t.Errorf("contrast below AA: %q", poor)
				}
				shot := b.screenshot()
				if _, err := png.Decode(bytes.NewReader(shot)); err != nil {
					t.Errorf("screenshot: %v", err)
				}
				if dir := os.Getenv("REPORT_SCREENSHOTS"); dir != "" { // for people to look at
					check(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%d.png", scheme, width)), shot, 0o600))
				}
			})
		}
	}

	t.Run("screen reader", func(t *testing.T) {
		var tree struct {
			Nodes []struct {
				Ignored    bool
				Role, Name struct{ Value any }
			}
		}
		b.call("Accessibility.getFullAXTree", nil, &tree) // at a phone's width, where rows look like cards
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
		if roles["table"] < 2 || roles["columnheader"] < 9 || roles["row"] < 30 || roles["image"] != 2 || roles["heading"] < 5 {
			t.Errorf("a screen reader finds %v", roles)
		}
	})

	t.Run("print", func(t *testing.T) {
		b.look(794, 1123, "light")
		b.open(eval[string](b, `location.href.split(/[?#]/)[0]`))
		b.call("Emulation.setEmulatedMedia", map[string]any{"media": "print"}, nil)
		if n, all := eval[int](b, `[...document.querySelectorAll('#rows tr')].filter((r) => r.offsetHeight > 0).length`), eval[int](b, `document.querySelectorAll('#rows tr').length`); n != all {
			t.Errorf("%d of %d failures are printed", n, all)
		}
		if apart := eval[[]string](b, `[...document.querySelectorAll('h2')].filter((h) => getComputedStyle(h).breakAfter !== 'avoid').map((h) => h.textContent)`); len(apart) > 0 {
			t.Errorf("these headings may be parted from their tables: %q", apart)
		}
		var pdf struct{ Data []byte }
		b.call("Page.printToPDF", map[string]any{"printBackground": false}, &pdf)
		if !bytes.HasPrefix(pdf.Data, []byte("%PDF")) {
			t.Errorf("printing gives %.20q", pdf.Data)
		}
		if dir := os.Getenv("REPORT_SCREENSHOTS"); dir != "" {
			check(t, os.WriteFile(filepath.Join(dir, "print.pdf"), pdf.Data, 0o600))
		}
	})

	t.Run("renews itself", func(t *testing.T) {
		b.look(1200, 900, "light")
		b.open(pageFile(t, 1))
		eval[any](b, `void (window.old = true)`)
		for start := time.Now(); eval[bool](b, `'old' in window`); {
			if time.Since(start) > patience {
				t.Fatal("the page does not load itself anew")
			}
		}
	})
	if noise := b.complaints(); len(noise) > 0 {
		t.Errorf("the console is not silent: %s", noise)
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
