// Package handler turns one delivery of Function Compute into recorded outcomes and an answer. It reads
// like the promise that is made to senders and triggers: authenticate, read, record, answer. Nothing is
// acknowledged before it is kept.
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

// A Handler answers deliveries. It is safe for concurrent use. All fields but Recorder and CallbackURLs are
// required.
type Handler struct {
	// Recorder keeps outcomes and rejected input. Where it is nil, a line of the log is the record.
	Recorder record.Recorder
	Log      *funclog.Log
	// Events are the types that are recorded.
	Events events.Selection
	// Timeout is all the time that one invocation has to record what it was given. It must be positive.
	Timeout time.Duration
	// Authenticate is whether HTTP callbacks must be signed; Verifier then decides.
	Authenticate bool
	Verifier     callback.Verifier
	// CallbackURLs are the URLs that senders sign. Where there are none they are derived from each request.
	CallbackURLs []string
	Now          func() time.Time
}

// deadlineMargin is the time before the invocation's own deadline at which recording ends, so that the
// answer and the log line still get out.
const deadlineMargin = 250 * time.Millisecond

// Invoke handles the payload of one invocation. It returns an error, of type *UnrecordedError, only where
// a message could not be recorded and its trigger should deliver it again. An HTTP caller is always answered
// by a status.
func (h *Handler) Invoke(ctx context.Context, payload []byte) (answer json.RawMessage, err error) {
	var inv invocation
	defer func() {
		if p := recover(); p != nil {
			// Nothing of a callback is kept before it is known to be authentic; so nothing is kept here.
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

// recordingContext ends when there is no more time to record, and carries what the recorder needs of the
// invocation.
func (h *Handler) recordingContext(ctx context.Context, inv invocation) (context.Context, context.CancelFunc) {
	end := time.Now().Add(h.Timeout)
	if own, ok := ctx.Deadline(); ok && own.Add(-deadlineMargin).Before(end) {
		end = own.Add(-deadlineMargin)
	}
	return context.WithDeadline(record.NewContext(ctx, inv.recorder), end)
}

// handleMessages handles all messages of a delivery side by side, a bounded number at a time. One that
// fails leaves the others alone.
func (h *Handler) handleMessages(ctx context.Context, inv invocation, messages []trigger.Message) counts {
	count := counts{}
	var mu sync.Mutex
	var workers sync.WaitGroup
	free := make(chan struct{}, record.MaxInFlight)
	for i, m := range messages {
		messages[i] = trigger.Message{} // a large batch need not stay in memory to its end
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

// handleMessage reads one message and keeps what is in it. reason says why it was rejected. A panic on the
// way is this message's alone: it counts as not recorded, and the others go on.
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

// record keeps an outcome: where there is no recorder, the log's line is the record.
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
	h.Log.Say(slog.LevelInfo, string(r), o.RequestID, outcomeAttrs(o, entry.Key)...) // the log has the same words
	return r
}

// reject keeps input in which no event could be read. Kept before or now, it counts the same.
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

// unrecorded writes attrs, which are the whole entry, to the log, from which it can be replayed. There is
// no other place to report a failure to do that; the answer says that nothing was recorded either way.
func (h *Handler) unrecorded(facts outcome.Facts, cause error, attrs ...slog.Attr) result {
	_ = h.Log.Keep(slog.LevelError, funclog.Unrecorded, facts.RequestID, append(attrs, slog.String("error", cause.Error()))...)
	return unrecorded
}

// panicError returns the error for p, which recover has just returned, and logs the stack. Of a value that
// is not an error of the Go runtime only the type is shown: its text might hold a secret.
func (h *Handler) panicError(requestID string, p any) error {
	err := fmt.Errorf("panic: a value of type %T", p)
	if r, ok := p.(runtime.Error); ok {
		err = fmt.Errorf("panic: %w", r)
	}
	h.Log.Say(slog.LevelError, funclog.Panic, requestID, slog.String("error", err.Error()), slog.String("stack", string(debug.Stack())))
	return err
}
