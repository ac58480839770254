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

// terminalWidth returns the width of the terminal w in columns, or 0 if w is not a terminal.
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

// colourful reports whether a terminal may show colours: https://no-color.org
func colourful() bool { return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" }

// harmless returns text in a form that is safe to show on one line of a terminal. White space becomes a space.
// Characters that control the terminal, change the direction of the text or are invisible become escapes such as
// \u202e.
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

// printable reports whether r is visible as itself. harmless handles U+FFFD, because it may stand for an invalid
// byte.
func printable(r rune) bool {
	return r != utf8.RuneError && unicode.IsPrint(r) && !strings.ContainsRune(blanks, r)
}

// blanks are characters that Unicode counts as printable but that are invisible.
const blanks = "\u115f\u1160\u3164\uffa0\u2800"

// writeEscape writes r as a JSON escape, so that a JSON string keeps its value.
func writeEscape(b *strings.Builder, r rune) {
	if r > 0xffff {
		r -= 0x10000
		fmt.Fprintf(b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		return
	}
	fmt.Fprintf(b, `\u%04x`, r)
}

// A terminalWriter escapes data (ndjson, csv) that is written to a terminal, as harmless does. JSON keeps its
// meaning, because the escaped characters occur only in strings.
type terminalWriter struct {
	out  io.Writer
	rest []byte // the first bytes of an incomplete character
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

// dataWriter returns the writer for a command's data, and whether it is a terminal.
func dataWriter(w io.Writer) (out io.Writer, live bool) {
	if terminalWidth(w) > 0 {
		return &terminalWriter{out: w}, true
	}
	return w, false
}

// A progress shows the progress of a command on one line of the terminal. A nil progress shows nothing.
type progress struct {
	out   io.Writer
	words func() string
	done  chan struct{}

	mu    sync.Mutex
	shown bool
}

// A fast command shows no progress. A slow command shows it after progressAfter, and updates it regularly.
const (
	progressAfter = 400 * time.Millisecond
	progressEvery = 100 * time.Millisecond
)

// showProgress updates the line until stop. It returns nil if w is not a terminal.
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

// above removes the progress line, calls write, which writes lines, and shows the progress again.
func (p *progress) above(write func() error) error {
	if p == nil {
		return write()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	return write()
}

// stop removes the line.
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
