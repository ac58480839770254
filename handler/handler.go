// Package handler turns one delivery of Function Compute into recorded outcomes and an answer. The steps are:
// authenticate, read, record, answer. The answer reports success only after the event is recorded.
package handler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/callback"
	"github.com/vod-callback/recorder/internal/funclog"
	"github.com/vod-callback/recorder/internal/outcome"
	"github.com/vod-callback/recorder/internal/record"
	"github.com/vod-callback/recorder/internal/trigger"
)

// A Handler answers deliveries. It is safe for concurrent use. All fields except Recorder and CallbackURLs are
// required.
type Handler struct {
	// Recorder keeps outcomes and rejected input. If it is nil, the log line is the record.
	Recorder record.Recorder
	Log      *funclog.Log
	// Events selects the types that are recorded.
	Events events.Selection
	// Timeout is the total time that one invocation has for recording. It must be positive.
	Timeout time.Duration
	// Authenticate says whether HTTP callbacks must be signed. Verifier checks the signatures.
	Authenticate bool
	Verifier     callback.Verifier
	// CallbackURLs are the URLs that senders sign. If empty, they are derived from each request.
	CallbackURLs []string
	Now          func() time.Time
}

// deadlineMargin is how long before the invocation's own deadline recording ends, so that there is time for the
// answer and the log line.
const deadlineMargin = 250 * time.Millisecond

// Invoke handles the payload of one invocation. It returns an *UnrecordedError only if a message could not be
// recorded and its trigger should deliver it again. An HTTP caller always gets an answer with a status.
func (h *Handler) Invoke(ctx context.Context, payload []byte) (answer json.RawMessage, err error) {
	var inv invocation
	defer func() {
		if p := recover(); p != nil {
			// The callback may not be authentic, so nothing of it is kept.
			h.Log.Say(slog.LevelError, funclog.Refused, inv.requestID, slog.String("reason", h.panicError(inv.requestID, p).Error()))
			answer, err = counts{unrecorded: 1}.json()
		}
	}()
	inv = h.newInvocation(ctx)
	ctx, cancel := h.recordingContext(ctx, inv)
	defer cancel()
	delivery := trigger.Read(payload)
	if delivery.Request != nil {
		return h.answerHTTP(ctx, inv, delivery.Request).json(inv.requestID)
	}
	return h.handleMessages(ctx, inv, delivery.Messages).json()
}

// recordingContext returns a context that ends when there is no more time to record. It carries the values of
// the invocation that the recorder needs.
func (h *Handler) recordingContext(ctx context.Context, inv invocation) (context.Context, context.CancelFunc) {
	end := time.Now().Add(h.Timeout)
	if own, ok := ctx.Deadline(); ok && own.Add(-deadlineMargin).Before(end) {
		end = own.Add(-deadlineMargin)
	}
	return context.WithDeadline(record.NewContext(ctx, inv.recorder), end)
}

// handleMessages handles all messages of a delivery concurrently, with a limit. A message that fails does not
// affect the others.
func (h *Handler) handleMessages(ctx context.Context, inv invocation, messages []trigger.Message) counts {
	count := counts{}
	var mu sync.Mutex
	var workers sync.WaitGroup
	free := make(chan struct{}, record.MaxInFlight)
	for i, m := range messages {
		messages[i] = trigger.Message{} // free the memory of handled messages in a large batch
		free <- struct{}{}
		workers.Go(func() {
			r, _ := h.handleMessage(ctx, inv, m)
			mu.Lock()
			count[r]++
			mu.Unlock()
			<-free
		})
	}
	workers.Wait()
	return count
}

// handleMessage reads one message and records its event. reason says why it was rejected. After a panic, only
// this message counts as not recorded; the others continue.
func (h *Handler) handleMessage(ctx context.Context, inv invocation, m trigger.Message) (r result, reason string) {
	facts := inv.facts(m.Trigger, m.ID)
	defer func() {
		if p := recover(); p != nil {
			cause := h.panicError(facts.RequestID, p)
			r = h.unrecorded(facts, cause, rejectedAttrs(outcome.NewRejected(cause.Error(), m.Kept(), facts), true)...)
		}
	}()
	if m.Reason != "" {
		return h.reject(ctx, facts, m.Reason, m.Kept()), m.Reason
	}
	event, err := events.Parse(m.Body, h.Events)
	if errors.Is(err, events.ErrOtherType) {
		h.Log.Say(slog.LevelInfo, funclog.Ignored, facts.RequestID,
			slog.String("event_type", funclog.Cut(event.EventType, textLimit)), slog.String("trigger", facts.Trigger))
		return ignored, ""
	}
	var o outcome.Outcome
	if err == nil {
		o, err = outcome.New(event, m.Body, facts)
	}
	if err != nil {
		return h.reject(ctx, facts, err.Error(), m.Kept()), err.Error()
	}
	return h.record(ctx, o), ""
}

// record keeps an outcome. Without a recorder, the log line is the record.
func (h *Handler) record(ctx context.Context, o outcome.Outcome) result {
	entry, err := o.Entry()
	whole := slog.Any("outcome", json.RawMessage(entry.Body))
	how := record.Recorded
	switch {
	case err != nil:
	case h.Recorder == nil:
		err = h.Log.Keep(slog.LevelInfo, funclog.Outcome, o.RequestID, whole)
	default:
		how, err = h.Recorder.Record(ctx, entry)
	}
	if err != nil {
		return h.unrecorded(o.Facts, err, whole)
	}
	r := map[record.Result]result{record.Recorded: recorded, record.Duplicate: duplicate}[how]
	h.Log.Say(slog.LevelInfo, string(r), o.RequestID, outcomeAttrs(o, entry.Key)...) // a result is also the log message
	return r
}

// reject keeps input that is not a valid event. The result is rejected, also if the input was kept before.
func (h *Handler) reject(ctx context.Context, facts outcome.Facts, reason string, kept []byte) result {
	input := outcome.NewRejected(reason, kept, facts)
	entry, err := input.Entry()
	switch {
	case err != nil:
	case h.Recorder == nil:
		err = h.Log.Keep(slog.LevelWarn, funclog.Rejected, facts.RequestID, rejectedAttrs(input, true)...)
	default:
		if _, err = h.Recorder.Record(ctx, entry); err == nil {
			h.Log.Say(slog.LevelWarn, funclog.Rejected, facts.RequestID, append(rejectedAttrs(input, false), slog.String("key", entry.Key))...)
		}
	}
	if err != nil {
		return h.unrecorded(facts, err, rejectedAttrs(input, true)...)
	}
	return rejected
}

// unrecorded writes attrs, which are the whole entry, to the log, so that it can be replayed. An error in writing
// the log cannot be reported elsewhere; the answer says in both cases that the message is not recorded.
func (h *Handler) unrecorded(facts outcome.Facts, cause error, attrs ...slog.Attr) result {
	_ = h.Log.Keep(slog.LevelError, funclog.Unrecorded, facts.RequestID, append(attrs, slog.String("error", cause.Error()))...)
	return unrecorded
}

// panicError returns the error for p, the value of a panic, and logs the stack. If p is not an error of the Go
// runtime, it shows only the type, because the text may contain a secret.
func (h *Handler) panicError(requestID string, p any) error {
	err := fmt.Errorf("panic: a value of type %T", p)
	if r, ok := p.(runtime.Error); ok {
		err = fmt.Errorf("panic: %w", r)
	}
	h.Log.Say(slog.LevelError, funclog.Panic, requestID, slog.String("error", err.Error()), slog.String("stack", string(debug.Stack())))
	return err
}
