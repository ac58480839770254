// Package outcome defines what is kept of a delivery: the record of an event, or the rejected input in
// which no event could be read. It decides their members, their text and their keys, which are promises to
// everyone who reads the store.
package outcome

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/record"
)

// SchemaVersion is the version of the record that New makes.
const SchemaVersion = 1

// maxMedia is the longest MEDIA part of a key, in bytes. With the longest prefix it leaves room below
// the 1,023 bytes that OSS allows for a key.
const maxMedia = 200

// TimeFormat is how a record spells the moment of receipt, in UTC: RFC 3339, milliseconds.
const TimeFormat = "2006-01-02T15:04:05.000Z07:00"

// Facts is what is known of a delivery besides its content.
type Facts struct {
	Trigger    string `json:"trigger,omitempty"`
	MessageID  string `json:"message_id,omitempty"` // of the queue or topic
	RequestID  string `json:"request_id,omitempty"` // of the invocation that recorded it
	AccountID  string `json:"account_id,omitempty"`
	Region     string `json:"region,omitempty"`
	ReceivedAt string `json:"received_at,omitempty"` // in TimeFormat
}

// An Outcome is the record of one event: how an edit ended, or another event in the life of a media ID. The
// order of the fields is that of the members.
type Outcome struct {
	SchemaVersion int `json:"schema_version"`
	events.Event
	Facts
	Raw json.RawMessage `json:"raw,omitempty"` // the event as received, numbers as spelled
}

// New makes the record of event, whose JSON text is raw. It fails with an *events.FieldError where the
// media ID is too long for a key.
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

// Entry returns o as a recorder takes it. Its Body is set also where the key cannot be made.
func (o Outcome) Entry() (record.Entry, error) { return entry(o, o.Key) }

// Line returns o as one line of JSON that ends in a newline, so that concatenated records are NDJSON.
func (o Outcome) Line() ([]byte, error) { return line(o) }

func entry(v any, makeKey func() (string, error)) (e record.Entry, err error) {
	if e.Body, err = line(v); err == nil {
		e.Key, err = makeKey()
	}
	return e, err
}

// line encodes v on one line. Text stays as legible as it can be: HTML means nothing here.
func line(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return b.Bytes(), err
}
