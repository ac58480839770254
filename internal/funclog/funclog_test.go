package funclog_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

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
