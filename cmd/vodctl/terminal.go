package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
	"golang.org/x/term"
)

// terminalWidth returns the columns of the terminal that w is, or 0 where it is none.
func terminalWidth(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width <= 0 {
		return 80
	}
	return width
}

// colourful says whether colours are welcome on a terminal: https://no-color.org
func colourful() bool { return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" }

// harmless returns text as it can be shown on a terminal, on one line: white space becomes a blank, and
// what would control the terminal, turn the direction of writing or hide is spelled out, as in \u202e.
func harmless(text string) string {
	if !strings.ContainsFunc(text, func(r rune) bool { return r != ' ' && !printable(r) }) {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, text[0])
		case unicode.IsSpace(r) && r != '\u0085': // NEL is a C1 control
			b.WriteByte(' ')
		case printable(r):
			b.WriteRune(r)
		default:
			writeEscape(&b, r)
		}
		text = text[size:]
	}
	return b.String()
}

// printable says whether r shows as itself. U+FFFD is left to harmless, which looks for its cause.
func printable(r rune) bool {
	return r != utf8.RuneError && unicode.IsPrint(r) && !strings.ContainsRune(blanks, r)
}

// blanks count as printable and show nothing.
const blanks = "\u115f\u1160\u3164\uffa0\u2800"

// writeEscape spells r as JSON does, so that an escaped string stays the same string.
func writeEscape(b *strings.Builder, r rune) {
	if r > 0xffff {
		r -= 0x10000
		fmt.Fprintf(b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		return
	}
	fmt.Fprintf(b, `\u%04x`, r)
}

// A terminalWriter makes harmless what is written as data (ndjson, csv) where that happens to be a
// terminal. JSON keeps its meaning: what needs it can stand in strings only.
type terminalWriter struct {
	out  io.Writer
	rest []byte // the beginning of a character whose end has not come yet
}

func (w *terminalWriter) Write(p []byte) (int, error) {
	text := slices.Concat(w.rest, p)
	var b strings.Builder
	for utf8.FullRune(text) {
		r, size := utf8.DecodeRune(text)
		if r == '\n' || r == ' ' || printable(r) || r == utf8.RuneError {
			b.WriteRune(r)
		} else {
			writeEscape(&b, r)
		}
		text = text[size:]
	}
	w.rest = text
	if _, err := io.WriteString(w.out, b.String()); err != nil {
		return 0, err
	}
	return len(p), nil
}

// dataWriter returns where a command writes data, and whether somebody is watching.
func dataWriter(w io.Writer) (out io.Writer, live bool) {
	if terminalWidth(w) > 0 {
		return &terminalWriter{out: w}, true
	}
	return w, false
}

// A progress is one line on a terminal's standard error that says how far a command is. Nil says nothing.
type progress struct {
	out   io.Writer
	words func() string
	done  chan struct{}

	mu    sync.Mutex
	shown bool
}

// A quick command needs no progress; a slow one's is renewed as often as the eye follows.
const (
	progressAfter = 400 * time.Millisecond
	progressEvery = 100 * time.Millisecond
)

// showProgress keeps the line up to date until stop. Where w is no terminal it returns nil.
func showProgress(w io.Writer, words func() string) *progress {
	if terminalWidth(w) == 0 {
		return nil
	}
	p := &progress{out: w, words: words, done: make(chan struct{})}
	go p.run()
	return p
}

func (p *progress) run() {
	timer := time.NewTimer(progressAfter)
	defer timer.Stop()
	for {
		select {
		case <-p.done:
			return
		case <-timer.C:
			p.show()
			timer.Reset(progressEvery)
		}
	}
}

func (p *progress) show() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.done:
	default:
		p.shown = true
		text := runewidth.Truncate(p.words(), terminalWidth(p.out)-1, "…")
		fmt.Fprintf(p.out, "\r\x1b[K%s", text)
	}
}

// above calls write, which writes lines, with the progress out of their way.
func (p *progress) above(write func() error) error {
	if p == nil {
		return write()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	return write()
}

// stop takes the line away.
func (p *progress) stop() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.done)
	p.clear()
}

func (p *progress) clear() {
	if p.shown {
		fmt.Fprint(p.out, "\r\x1b[K")
		p.shown = false
	}
}
