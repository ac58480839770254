package record_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/vod-callback/recorder/internal/funclog"
	"github.com/vod-callback/recorder/internal/record"
)

func fixedTime() time.Time { return time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC) }

func TestLogRecorder(t *testing.T) {
	t.Parallel()
	testRecorder(t, func(*testing.T) subject {
		return subject{recorder: record.LogRecorder{Log: funclog.New(io.Discard, slog.LevelError, fixedTime)}}
	})
}

func TestLogRecorderLines(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	// Whatever the level says: the line is the only copy.
	r := record.LogRecorder{Log: funclog.New(&out, slog.LevelError+1, fixedTime)}
	for _, kind := range []record.Kind{record.Outcome, record.Rejected} {
		if _, err := r.Record(t.Context(), newEntry(kind, "k", "{}")); err != nil {
			t.Fatal(err)
		}
	}
	want := `{"time":"2026-11-22T08:00:00Z","level":"INFO","msg":"outcome","request_id":"r","body":"{}"}` + "\n" +
		`{"time":"2026-11-22T08:00:00Z","level":"WARN","msg":"rejected","request_id":"r","body":"{}"}` + "\n"
	if out.String() != want {
		t.Errorf("lines\n%swant\n%s", out.String(), want)
	}
}

func TestLogRecorderTellsOfABrokenLog(t *testing.T) {
	t.Parallel()
	r := record.LogRecorder{Log: funclog.New(brokenWriter{}, slog.LevelInfo, fixedTime)}
	if result, err := r.Record(t.Context(), newEntry(record.Outcome, "k", "{}")); !errors.Is(err, io.ErrClosedPipe) || result != 0 {
		t.Errorf("Record = %v, %v; want the writer's error", result, err)
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
