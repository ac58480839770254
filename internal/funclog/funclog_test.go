package funclog_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/vod-callback/recorder/internal/funclog"
)

func noon() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.FixedZone("", 3600)) }

func TestLines(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	l := funclog.New(&out, slog.LevelWarn, noon)
	l.Say(slog.LevelInfo, funclog.Recorded, "r")
	l.Say(slog.LevelWarn, funclog.Refused, "r", slog.String("reason", "a\nb\"<\u2028"), slog.Any("urls", []string{"u"}))
	if err := l.Keep(slog.LevelInfo, funclog.Outcome, "r", slog.Any("outcome", json.RawMessage("{\"n\": 1.50}\n"))); err != nil {
		t.Fatal(err)
	}
	want := `{"time":"2026-11-22T11:00:00Z","level":"WARN","msg":"refused","request_id":"r","reason":"a\nb\"<\u2028","urls":["u"]}` + "\n" +
		`{"time":"2026-11-22T11:00:00Z","level":"INFO","msg":"outcome","request_id":"r","outcome":{"n":1.50}}` + "\n"
	if out.String() != want {
		t.Errorf("lines\n%swant\n%s", out.String(), want)
	}
}

// TestNothingThatAViewerObeys checks that what JSON lets stand in a string but a terminal or a viewer
// could obey is written as an escape, and says the same.
func TestNothingThatAViewerObeys(t *testing.T) {
	t.Parallel()
	const permitted = "\x7f\u0085\u009b\u061c\u200e\u2028\u2029\u202e\u2066 and é\u00a0\u2065世😀\ufeff stay"
	const text = "\x00\n\r\x1b[2J" + permitted
	var out bytes.Buffer
	l := funclog.New(&out, slog.LevelInfo, noon)
	raw, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	unescaped := json.RawMessage(`"` + permitted + `"`)
	if err := l.Keep(slog.LevelInfo, funclog.Outcome, "r", slog.String("text", text), slog.Any("raw", json.RawMessage(raw)), slog.Any("unescaped", unescaped)); err != nil {
		t.Fatal(err)
	}
	line, found := strings.CutSuffix(out.String(), "\n")
	if !found || strings.ContainsAny(line, "\x00\n\r\x1b\x7f\u0085\u009b\u061c\u200e\u2028\u2029\u202e\u2066") {
		t.Errorf("line %q", line)
	}
	var got struct{ Text, Raw, Unescaped string }
	if err := json.Unmarshal([]byte(line), &got); err != nil || got.Text != text || got.Raw != text || got.Unescaped != permitted {
		t.Errorf("it says %q, %v; want %q", got, err, text)
	}
}

func TestKeepTellsOfABrokenWriter(t *testing.T) {
	t.Parallel()
	l := funclog.New(broken{}, slog.LevelInfo, noon)
	if err := l.Keep(slog.LevelError, funclog.Unrecorded, "r"); err == nil || !strings.Contains(err.Error(), "broken") {
		t.Errorf("Keep = %v", err)
	}
	l.Say(slog.LevelError, funclog.Refused, "r") // has nobody to tell
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("broken") }

// FuzzKeep checks that whatever text a line has to carry, it is one line, says that text, and holds nothing
// that a terminal or a viewer would obey.
func FuzzKeep(f *testing.F) {
	for _, s := range []string{"", "a\nb", "\x1b[2J", "\u0085\u009b\u2028\u202e", "\xff\xed\xa0\x80", `","msg":"recorded`, "\x7f😀"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var out bytes.Buffer
		l := funclog.New(&out, slog.LevelInfo, noon)
		raw, err := json.Marshal(map[string]string{text: text})
		if err != nil {
			t.Skip()
		}
		if err := l.Keep(slog.LevelInfo, funclog.Outcome, text, slog.String("text", text), slog.Any("outcome", json.RawMessage(raw))); err != nil {
			t.Fatal(err)
		}
		line := out.Bytes()
		if bytes.IndexByte(line, '\n') != len(line)-1 || !utf8.Valid(line) {
			t.Fatalf("line %q", line)
		}
		for _, r := range string(line[:len(line)-1]) {
			if unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) || unicode.Is(unicode.Bidi_Control, r) {
				t.Fatalf("%U in line %q", r, line)
			}
		}
		var got struct {
			RequestID string `json:"request_id"`
			Text      string
			Outcome   map[string]string
		}
		want := strings.ToValidUTF8(text, "\ufffd")
		if err := json.Unmarshal(line, &got); err != nil || (utf8.ValidString(text) && (got.Text != want || got.RequestID != want || got.Outcome[want] != want)) {
			t.Fatalf("line %q says %q, %v; want %q", line, got, err, want)
		}
	})
}
