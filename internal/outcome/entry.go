package outcome

import (
	"encoding/json"
	"log/slog"

	"github.com/vod-callback/recorder/internal/record"
)

// Entry returns o as a recorder takes it. Also with an error it has all that the log needs.
func (o Outcome) Entry() (record.Entry, error) {
	e := record.Entry{Kind: record.Outcome, RequestID: o.RequestID}
	var err error
	if e.Body, err = o.Line(); err != nil {
		return e, err
	}
	e.Attrs = []slog.Attr{slog.Any("outcome", json.RawMessage(e.Body))}
	e.Key, err = o.Key()
	e.Facets = o.facets(e.Key)
	return e, err
}

// facets are the members of o that people search the log for, with the key under which it is kept.
func (o Outcome) facets(key string) []slog.Attr {
	return present(
		slog.String("trigger", o.Trigger),
		slog.String("message_id", o.MessageID),
		slog.String("producer", string(o.Producer)),
		slog.String("status", string(o.Status)),
		slog.String("media_id", o.MediaID),
		slog.String("project_id", o.ProjectID),
		slog.String("job_id", o.JobID),
		slog.String("error_code", o.ErrorCode),
		slog.String("key", key),
	)
}

// Entry returns r as a recorder takes it. Also with an error it has all that the log needs.
func (r Rejected) Entry() (record.Entry, error) {
	e := record.Entry{Kind: record.Rejected, RequestID: r.RequestID, Attrs: r.attrs()}
	var err error
	if e.Body, err = r.Line(); err != nil {
		return e, err
	}
	e.Key, err = r.Key()
	e.Facets = append(r.facets(), slog.String("key", e.Key))
	return e, err
}

// attrs are all members of r but request_id, which every line of the log has.
func (r Rejected) attrs() []slog.Attr {
	attrs := append(r.facets(), slog.String("received_at", r.ReceivedAt))
	if r.Payload != nil { // set, be it empty
		attrs = append(attrs, slog.String("payload", *r.Payload))
	}
	if r.PayloadBase64 != nil {
		attrs = append(attrs, slog.String("payload_base64", *r.PayloadBase64))
	}
	return attrs
}

// facets are the members of r that people search the log for.
func (r Rejected) facets() []slog.Attr {
	return present(
		slog.String("reason", r.Reason),
		slog.String("trigger", r.Trigger),
		slog.String("message_id", r.MessageID),
	)
}

// present leaves out what has no value.
func present(attrs ...slog.Attr) []slog.Attr {
	kept := attrs[:0]
	for _, a := range attrs {
		if a.Value.String() != "" {
			kept = append(kept, a)
		}
	}
	return kept
}
