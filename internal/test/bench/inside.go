package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/aliyun/fc-runtime-go-sdk/fccontext"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/handler"
	"github.com/vod-callback/recorder/internal/callback"
	"github.com/vod-callback/recorder/internal/funclog"
	"github.com/vod-callback/recorder/internal/jsonx"
	"github.com/vod-callback/recorder/internal/local/sample"
	"github.com/vod-callback/recorder/internal/outcome"
	"github.com/vod-callback/recorder/internal/record"
	"github.com/vod-callback/recorder/internal/trigger"
)

// A part is some work of the function, done in this process: without the runtime, the network or a pipe.
type part struct {
	name string
	work func() error
}

// inside measures what a delivery takes within the function, and which part of it takes how much. Its
// unit is the two decodes that no function can do without, that of the envelope and that of the event.
func inside(_ context.Context, out io.Writer, _ []contestant, rounds int) error {
	testing.Init()
	if err := flag.Set("test.benchtime", "30ms"); err != nil {
		return err
	}
	parts, err := insideParts()
	if err != nil {
		return err
	}
	times := make([][]time.Duration, len(parts))
	results := make([]testing.BenchmarkResult, len(parts))
	for range rounds {
		for i, p := range parts {
			results[i] = testing.Benchmark(func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err = p.work(); err != nil {
						b.Fatal(err)
					}
				}
			})
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			times[i] = append(times[i], time.Duration(results[i].NsPerOp()))
		}
	}
	table := newTable(out, "Inside the function, on warm caches", "", "time", "of the decodes", "bytes", "allocations")
	unit := median(times[0])
	for i, p := range parts {
		t := median(times[i])
		row(table, p.name, fmt.Sprintf("%.2f µs", float64(t.Nanoseconds())/1000), ratio(float64(t), float64(unit)),
			results[i].AllocedBytesPerOp(), results[i].AllocsPerOp())
	}
	return table.Flush()
}

// insideParts returns the decodes first, then whole deliveries, then the parts of the HTTP delivery.
func insideParts() ([]part, error) {
	payload, err := signedCallback(sample.Event{Status: events.Fail})
	if err != nil {
		return nil, err
	}
	request := trigger.Read(payload).Request
	body, err := request.Body(len(payload))
	if err != nil {
		return nil, err
	}
	event, err := events.Parse(body)
	if err != nil {
		return nil, err
	}
	facts := outcome.Facts{Trigger: string(trigger.HTTP), RequestID: "1-2-3", AccountID: "1234567890123456", Region: sample.Region, ReceivedAt: time.Now()}
	kept, err := outcome.New(event, body, facts)
	if err != nil {
		return nil, err
	}
	entry, err := kept.Entry()
	if err != nil {
		return nil, err
	}
	log := funclog.New(io.Discard, slog.LevelInfo, time.Now)
	verifier := callback.Verifier{Keys: []callback.Key{key}}
	invoke := func(payload []byte, want string) func() error {
		h := &handler.Handler{Recorder: record.LogRecorder{Log: log}, Log: log, Timeout: time.Minute, Authenticate: true, Verifier: verifier, Now: time.Now}
		ctx := fccontext.NewContext(context.Background(), &fccontext.FcContext{RequestID: facts.RequestID, AccountId: facts.AccountID, Region: facts.Region})
		return func() error {
			answer, err := h.Invoke(ctx, payload)
			if err == nil && !bytes.Contains(answer, []byte(want)) {
				return fmt.Errorf("answer %s", answer)
			}
			return err
		}
	}
	return []part{
		{"both decodes", func() error { return decodeBoth(payload, body) }},
		{"both decodes, encoding/json", func() error { return unmarshalBoth(payload, body) }},
		{"an HTTP delivery", invoke(payload, "recorded")},
		{"an MNS topic message", invoke(sample.MNSTopic(body, time.Now()), `"recorded":1,`)},
		{"a batch of 100", invoke(batch(100), `"recorded":100,`)},
		{"of the HTTP delivery: envelope", func() error { trigger.Read(payload); return nil }},
		{"signature", func() error { return verifier.Verify(request, request.URLs(), time.Now()) }},
		{"event", func() error { _, err := events.Parse(body); return err }},
		{"digest", func() error { _, err := outcome.AppendDigest(nil, body); return err }},
		{"record", func() error { _, err := kept.Line(); return err }},
		{"log lines", func() error { _, err := record.LogRecorder{Log: log}.Record(context.Background(), entry); return err }},
	}, nil
}

func decodeBoth(payload, body []byte) error {
	if _, err := jsonx.Lenient(payload); err != nil {
		return err
	}
	_, err := jsonx.Strict(body)
	return err
}

// unmarshalBoth decodes what the function needs the way a Go function mostly does.
func unmarshalBoth(payload, body []byte) error {
	var envelope struct {
		RawPath, Body   string
		IsBase64Encoded bool
		Headers         map[string]string
		RequestContext  struct {
			DomainName string
			HTTP       struct{ Method string }
		}
	}
	if err := json.Unmarshal(payload, &envelope); err != nil {
		return err
	}
	var event struct{ EventType, EventTime, Status, MediaID, ProjectID, ErrorCode, ErrorMessage string }
	return json.Unmarshal(body, &event)
}
