package handler_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/handler"
	"github.com/vod-callback/recorder/internal/callback"
	"github.com/vod-callback/recorder/internal/funclog"
	"github.com/vod-callback/recorder/internal/local/sample"
	"github.com/vod-callback/recorder/internal/record"
)

// BenchmarkInvoke measures one delivery from payload to answer, recorded to a log that goes nowhere.
func BenchmarkInvoke(b *testing.B) {
	event := sample.Event{Status: events.Fail}.JSON()
	target, err := url.Parse("https://www.example.com/your/callback")
	if err != nil {
		b.Fatal(err)
	}
	batch := make([][]byte, 100)
	for i := range batch {
		batch[i] = sample.Event{Producer: events.IMS}.JSON()
	}
	for _, bb := range []struct {
		name    string
		payload []byte
	}{
		{"http", sample.HTTP(http.MethodPost, target, callback.VOD.SignNow(target.String(), "test123", now()), event, now())},
		{"mns_topic", sample.MNSTopic(event, now())},
		{"batch of 100", sample.MNSQueueBatch(batch, now())},
	} {
		b.Run(bb.name, func(b *testing.B) {
			log := funclog.New(io.Discard, slog.LevelInfo, now)
			h := &handler.Handler{
				Recorder: record.LogRecorder{Log: log}, Log: log, Timeout: 2 * time.Second, Authenticate: true,
				Verifier: callback.Verifier{Keys: []callback.Key{"test123"}, MaxAge: 5 * time.Minute}, Now: now,
			}
			ctx := invocationContext(b.Context())
			b.SetBytes(int64(len(bb.payload)))
			b.ReportAllocs()
			for b.Loop() {
				answer, err := h.Invoke(ctx, bb.payload)
				if err != nil || bytes.Contains(answer, []byte("error")) {
					b.Fatalf("%s, %v", answer, err)
				}
			}
		})
	}
}
