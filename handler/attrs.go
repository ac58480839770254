package handler

import (
	"log/slog"

	"github.com/vod-callback/recorder/internal/outcome"
)

// outcomeAttrs are the members of o that people search the log for, with the key under which it is kept.
func outcomeAttrs(o outcome.Outcome, key string) []slog.Attr {
	return present(
		"trigger", o.Trigger,
		"message_id", o.MessageID,
		"producer", string(o.Producer),
		"event_type", o.EventType,
		"status", string(o.Status),
		"media_id", o.MediaID,
		"project_id", o.ProjectID,
		"job_id", o.JobID,
		"error_code", o.ErrorCode,
		"key", key,
	)
}

// rejectedAttrs are the members of r that people search the log for and, where whole, all the others, but
// for request_id, which every line has.
func rejectedAttrs(r outcome.Rejected, whole bool) []slog.Attr {
	attrs := present("reason", r.Reason, "trigger", r.Trigger, "message_id", r.MessageID)
	if !whole {
		return attrs
	}
	attrs = append(attrs, slog.String("received_at", r.ReceivedAt))
	if r.Payload != nil { // set, be it empty
		attrs = append(attrs, slog.String("payload", *r.Payload))
	}
	if r.PayloadBase64 != nil {
		attrs = append(attrs, slog.String("payload_base64", *r.PayloadBase64))
	}
	return attrs
}

// present returns an attribute for each name that is followed by a text that is not empty.
func present(namesAndTexts ...string) []slog.Attr {
	var attrs []slog.Attr
	for i := 0; i < len(namesAndTexts); i += 2 {
		if text := namesAndTexts[i+1]; text != "" {
			attrs = append(attrs, slog.String(namesAndTexts[i], text))
		}
	}
	return attrs
}
