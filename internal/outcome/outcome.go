// Package outcome defines what is kept of a delivery: the record of an event, or the rejected input that is not a
// valid event. It defines their members, their JSON text and their keys. Readers of the store rely on all of
// these.
package outcome

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/record"
)

// SchemaVersion is the version of the record's schema.
const SchemaVersion = 1

// maxMedia is the maximum length of the MEDIA part of a key, in bytes. A key with it and the longest prefix is
// below the limit of OSS, 1,023 bytes.
const maxMedia = 200

// TimeFormat is the format of the time of receipt in a record: RFC 3339 in UTC, with milliseconds.
const TimeFormat = "2006-01-02T15:04:05.000Z07:00"

// Facts are the facts about a delivery other than its content.
type Facts struct {
	Trigger    string `json:"trigger,omitempty"`
	MessageID  string `json:"message_id,omitempty"` // of the queue or topic
	RequestID  string `json:"request_id,omitempty"` // of the invocation that recorded it
	AccountID  string `json:"account_id,omitempty"`
	Region     string `json:"region,omitempty"`
	ReceivedAt string `json:"received_at,omitempty"` // in TimeFormat
}

// An Outcome is the record of one event: the end of an edit, or another event of a media ID. The fields are in
// the order of the record's members.
type Outcome struct {
	SchemaVersion int `json:"schema_version"`
	events.Event
	Facts
	Raw json.RawMessage `json:"raw,omitempty"` // the event as received; numbers are unchanged
}

// New makes the record of event, whose JSON text is raw. It fails with an *events.FieldError if the media ID is
// too long for a key.
func New(event events.Event, raw []byte, facts Facts) (Outcome, error) {
	if n := len(EscapeID(event.Subject())); n > maxMedia {
		member := "MediaId"
		if event.MediaID == "" {
			member = "JobId"
		}
		return Outcome{}, &events.FieldError{Member: member, Found: fmt.Sprintf("%d bytes, percent-encoded", n), Want: fmt.Sprintf("at most %d", maxMedia)}
	}
	return Outcome{SchemaVersion: SchemaVersion, Event: event, Facts: facts, Raw: raw}, nil
}

// Entry returns o as an entry for a recorder. The Body is set even if there is an error in making the key.
func (o Outcome) Entry() (record.Entry, error) { return entry(o, o.Key) }

// Line returns o as one line of JSON that ends in a newline, so that concatenated records are NDJSON.
func (o Outcome) Line() ([]byte, error) { return line(o) }

func entry(v any, makeKey func() (string, error)) (e record.Entry, err error) {
	if e.Body, err = line(v); err == nil {
		e.Key, err = makeKey()
	}
	return e, err
}

// line encodes v on one line. It does not escape HTML, so that texts stay readable.
func line(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return b.Bytes(), err
}
