// Package handler turns one delivery of Function Compute into recorded outcomes and an answer. It reads
// like the promise that is made to senders and triggers: authenticate, read, record, answer; nothing is
// acknowledged before it is kept.
package handler

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/callback"
	"github.com/vod-callback/recorder/internal/funclog"
	"github.com/vod-callback/recorder/internal/outcome"
	"github.com/vod-callback/recorder/internal/panics"
	"github.com/vod-callback/recorder/internal/record"
	"github.com/vod-callback/recorder/internal/trigger"
)

// A Handler answers deliveries. It is safe for concurrent use. All fields but CallbackURLs are required.
type Handler struct {
	Recorder record.Recorder
	Log      *funclog.Log
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

// Invoke handles the payload of one invocation. It returns an error, of type *UnrecordedError, only
// where a message could not be recorded and its trigger should deliver it again; an HTTP caller is always
// answered by a status.
func (h *Handler) Invoke(ctx context.Context, payload []byte) (answer json.RawMessage, err error) {
	var inv invocation
	defer func() {
		if p := recover(); p != nil {
			answer, err = h.broken(inv, payload, panics.New(p))
		}
	}()
	inv = h.newInvocation(ctx)
	recording := h.recordingContext(ctx, inv)
	defer recording.stop()
	delivery := trigger.Read(payload)
	if delivery.Request != nil {
		return h.answerHTTP(recording, inv, delivery.Request).json(inv.requestID)
	}
	return h.handleMessages(recording, inv, delivery.Messages).json()
}

// broken answers a delivery over which the function broke before any message of it was in hand. The
// payload goes to the log, unless it may be a callback: of those nothing is kept before they are known to
// be authentic, and their signatures never.
func (h *Handler) broken(inv invocation, payload []byte, cause error) (json.RawMessage, error) {
	if bytes.Contains(payload, []byte(`"headers"`)) || bytes.Contains(payload, []byte(`"requestContext"`)) {
		h.Log.Say(slog.LevelError, funclog.Refused, inv.requestID, slog.String("reason", cause.Error()))
		return internalError.json(inv.requestID)
	}
	entry, _ := outcome.NewRejected(cause.Error(), keptOf(trigger.Message{Sent: payload}), inv.facts(trigger.Direct, "")).Entry()
	return count([]verdict{h.unrecorded(entry, cause)}).json()
}

// recordingContext ends when there is no more time to record, and carries what the recorder needs of the
// invocation.
func (h *Handler) recordingContext(ctx context.Context, inv invocation) *deadline {
	end := time.Now().Add(h.Timeout)
	if own, ok := ctx.Deadline(); ok && own.Add(-deadlineMargin).Before(end) {
		end = own.Add(-deadlineMargin)
	}
	return &deadline{Context: record.NewContext(ctx, inv.recorder), end: end}
}

// handleMessages handles all messages of a delivery side by side, a bounded number at a time. One that
// fails leaves its neighbours alone.
func (h *Handler) handleMessages(ctx context.Context, inv invocation, messages []trigger.Message) counts {
	verdicts := make([]verdict, len(messages))
	var next atomic.Int64
	work := func() {
		for i := next.Add(1) - 1; i < int64(len(messages)); i = next.Add(1) - 1 {
			verdicts[i] = h.handleMessage(ctx, inv, messages[i])
			messages[i] = trigger.Message{} // a large batch need not stay in memory to its end
		}
	}
	var others sync.WaitGroup
	for range min(len(messages), record.MaxInFlight) - 1 {
		others.Go(work)
	}
	work() // a single message needs nobody else
	others.Wait()
	return count(verdicts)
}

// handleMessage reads one message and keeps what is in it. A panic on the way is this message's alone:
// it counts as not recorded, and its neighbours and the instance go on.
func (h *Handler) handleMessage(ctx context.Context, inv invocation, m trigger.Message) (v verdict) {
	facts := inv.facts(m.Trigger, m.ID)
	defer func() {
		if p := recover(); p != nil {
			cause := panics.New(p)
			entry, _ := outcome.NewRejected(cause.Error(), keptOf(m), facts).Entry()
			v = h.unrecorded(entry, cause)
		}
	}()
	if m.Reason != "" {
		return h.reject(ctx, facts, m.Reason, m.Kept())
	}
	event, err := events.Parse(m.Body)
	if other, ok := errors.AsType[*events.OtherTypeError](err); ok {
		h.Log.Say(slog.LevelInfo, funclog.Ignored, facts.RequestID,
			slog.String("event_type", shorten(other.EventType, eventTypeLimit)), slog.String("trigger", facts.Trigger))
		return verdict{result: ignored}
	}
	if err != nil {
		return h.reject(ctx, facts, err.Error(), m.Kept())
	}
	o, err := outcome.New(event, m.Body, facts)
	if err != nil {
		return h.reject(ctx, facts, err.Error(), m.Kept())
	}
	return h.record(ctx, o)
}

// keptOf returns what to keep of m, and nothing where finding that out breaks too: what was sent may
// hold a signature.
func keptOf(m trigger.Message) (kept []byte) {
	var err error
	defer panics.Recover(&err)
	return m.Kept()
}

// record keeps an outcome.
func (h *Handler) record(ctx context.Context, o outcome.Outcome) verdict {
	entry, err := o.Entry()
	if err != nil {
		return h.unrecorded(entry, err)
	}
	how, err := h.keep(ctx, entry)
	if err != nil {
		return h.unrecorded(entry, err)
	}
	switch how {
	case record.Duplicate:
		h.Log.Say(slog.LevelInfo, funclog.Duplicate, entry.RequestID, entry.Facets...)
		return verdict{result: duplicate}
	case record.Recorded:
		h.Log.Say(slog.LevelInfo, funclog.Recorded, entry.RequestID, entry.Facets...)
	}
	return verdict{result: recorded}
}

// reject keeps input in which no event could be read. Kept before or now, it counts the same.
func (h *Handler) reject(ctx context.Context, facts outcome.Facts, reason string, kept []byte) verdict {
	input := outcome.NewRejected(reason, kept, facts)
	entry, err := input.Entry()
	if err != nil {
		return h.unrecorded(entry, err)
	}
	how, err := h.keep(ctx, entry)
	if err != nil {
		return h.unrecorded(entry, err)
	}
	if how != record.Logged {
		h.Log.Say(slog.LevelWarn, funclog.Rejected, entry.RequestID, entry.Facets...)
	}
	return verdict{result: rejected, reason: reason}
}

// keep hands an entry to the recorder. A panic there is an error like any other, so that what is in the
// log is the entry, ready for a replay, and not the message.
func (h *Handler) keep(ctx context.Context, e record.Entry) (_ record.Result, err error) {
	defer panics.Recover(&err)
	return h.Recorder.Record(ctx, e)
}

// unrecorded writes the whole entry to the log, from which it can be replayed. There is no third
// place to tell of a failure to do that; the answer says that nothing was recorded either way.
func (h *Handler) unrecorded(e record.Entry, cause error) verdict {
	_ = h.Log.Keep(slog.LevelError, funclog.Unrecorded, e.RequestID, append(e.Attrs, slog.String("error", cause.Error()))...)
	return verdict{result: failed}
}
