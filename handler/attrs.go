package handler

import (
	"log/slog"
	"slices"

	"github.com/vod-callback/recorder/internal/outcome"
)

// outcomeAttrs returns the members of o that people search for in the log, and its key.
func outcomeAttrs(o outcome.Outcome, key string) []slog.Attr {
	return present(
		slog.String("trigger", o.Trigger),
		slog.String("message_id", o.MessageID),
		slog.String("producer", string(o.Producer)),
		slog.String("event_type", o.EventType),
		slog.String("status", string(o.Status)),
		slog.String("media_id", o.MediaID),
		slog.String("project_id", o.ProjectID),
		slog.String("job_id", o.JobID),
		slog.String("error_code", o.ErrorCode),
		slog.String("key", key),
	)
}

// rejectedAttrs returns the members of r that people search for in the log. If whole, it returns all members
// except request_id, which every line has.
func rejectedAttrs(r outcome.Rejected, whole bool) []slog.Attr {
	attrs := present(slog.String("reason", r.Reason), slog.String("trigger", r.Trigger), slog.String("message_id", r.MessageID))
	if !whole {
		return attrs
	}
	attrs = append(attrs, slog.String("received_at", r.ReceivedAt))
	if r.Payload != nil { // may be empty
		attrs = append(attrs, slog.String("payload", *r.Payload))
	}
	if r.PayloadBase64 != nil {
		attrs = append(attrs, slog.String("payload_base64", *r.PayloadBase64))
	}
	return attrs
}

// present removes attributes without a value.
func present(attrs ...slog.Attr) []slog.Attr {
	return slices.DeleteFunc(attrs, func(a slog.Attr) bool { return a.Value.String() == "" })
}
