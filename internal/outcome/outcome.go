// Package outcome defines what is kept of a delivery: the record of an edit's outcome, or the rejected
// input in which no event could be read. It decides their members, their text and their keys, which are
// promises to everyone who reads the store.
package outcome

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/jsonx"
)

// SchemaVersion is the version of the record that New makes.
const SchemaVersion = 1

// maxMedia is the longest MEDIA part of a key, in bytes. With the longest prefix it leaves room below
// the 1,023 bytes that OSS allows for a key.
const maxMedia = 200

// digestLen is how many hex digits of the digest a key has.
const digestLen = 12

// timeFormat is how a record and its neighbours spell the moment of receipt: RFC 3339, milliseconds.
const timeFormat = "2006-01-02T15:04:05.000Z07:00"

// Facts is what is known of a delivery besides its content.
type Facts struct {
	Trigger    string
	MessageID  string // of the queue or topic, or ""
	RequestID  string // of the invocation
	AccountID  string
	Region     string
	ReceivedAt time.Time
}

// An Outcome is the record of how one edit ended. The order of the fields is that of the members; an
// empty one is left out.
type Outcome struct {
	SchemaVersion int             `json:"schema_version"`
	EventType     string          `json:"event_type,omitempty"`
	EventTime     time.Time       `json:"event_time"`
	Status        events.Status   `json:"status,omitempty"`
	MediaID       string          `json:"media_id,omitempty"`
	ProjectID     string          `json:"project_id,omitempty"`
	ErrorCode     string          `json:"error_code,omitempty"`
	ErrorMessage  string          `json:"error_message,omitempty"`
	JobID         string          `json:"job_id,omitempty"`
	MediaURL      string          `json:"media_url,omitempty"`
	UserData      string          `json:"user_data,omitempty"`
	UserID        string          `json:"user_id,omitempty"`
	Producer      events.Producer `json:"producer,omitempty"`
	Trigger       string          `json:"trigger,omitempty"`
	MessageID     string          `json:"message_id,omitempty"`
	RequestID     string          `json:"request_id,omitempty"`
	AccountID     string          `json:"account_id,omitempty"`
	Region        string          `json:"region,omitempty"`
	ReceivedAt    string          `json:"received_at,omitempty"` // RFC 3339, UTC
	Raw           json.RawMessage `json:"raw,omitempty"`         // the event as received, numbers as spelled
}

// New makes the record of event, whose JSON text is raw. It fails with an *events.FieldError where the
// medium's identifier is too long for a key.
func New(event events.ProduceMediaComplete, raw []byte, facts Facts) (Outcome, error) {
	if n := len(escape(event.Subject())); n > maxMedia {
		return Outcome{}, &events.FieldError{
			Member: event.SubjectMember(),
			Found:  fmt.Sprintf("%d bytes, percent-encoded", n),
			Want:   fmt.Sprintf("at most %d", maxMedia),
		}
	}
	return Outcome{
		SchemaVersion: SchemaVersion,
		EventType:     events.TypeProduceMediaComplete,
		EventTime:     event.Time,
		Status:        event.Status,
		MediaID:       event.MediaID,
		ProjectID:     event.ProjectID,
		ErrorCode:     event.ErrorCode,
		ErrorMessage:  event.ErrorMessage,
		JobID:         event.JobID,
		MediaURL:      event.MediaURL,
		UserData:      event.UserData,
		UserID:        event.UserID,
		Producer:      event.Producer,
		Trigger:       facts.Trigger,
		MessageID:     facts.MessageID,
		RequestID:     facts.RequestID,
		AccountID:     facts.AccountID,
		Region:        facts.Region,
		ReceivedAt:    facts.ReceivedAt.UTC().Format(timeFormat),
		Raw:           jsonx.Compact(raw),
	}, nil
}

// Line returns o as one line of JSON that ends in a newline, so that concatenated records are NDJSON.
func (o Outcome) Line() ([]byte, error) {
	b := make([]byte, 0, 1024+len(o.Raw))
	b = append(b, `{"schema_version":`...)
	b = strconv.AppendInt(b, int64(o.SchemaVersion), 10)
	b = appendMember(b, "event_type", o.EventType)
	b = append(b, `,"event_time":"`...)
	b = o.EventTime.AppendFormat(b, time.RFC3339Nano)
	b = append(b, '"')
	b = appendMember(b, "status", string(o.Status))
	b = appendMember(b, "media_id", o.MediaID)
	b = appendMember(b, "project_id", o.ProjectID)
	b = appendMember(b, "error_code", o.ErrorCode)
	b = appendMember(b, "error_message", o.ErrorMessage)
	b = appendMember(b, "job_id", o.JobID)
	b = appendMember(b, "media_url", o.MediaURL)
	b = appendMember(b, "user_data", o.UserData)
	b = appendMember(b, "user_id", o.UserID)
	b = appendMember(b, "producer", string(o.Producer))
	b = appendMember(b, "trigger", o.Trigger)
	b = appendMember(b, "message_id", o.MessageID)
	b = appendMember(b, "request_id", o.RequestID)
	b = appendMember(b, "account_id", o.AccountID)
	b = appendMember(b, "region", o.Region)
	b = appendMember(b, "received_at", o.ReceivedAt)
	if len(o.Raw) > 0 {
		b = append(b, `,"raw":`...)
		b = append(b, jsonx.Compact(jsontext.Value(o.Raw))...)
	}
	return append(b, "}\n"...), nil
}

// appendMember appends a member unless it has no value.
func appendMember(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	b = append(append(append(b, `,"`...), name...), `":`...)
	return jsonx.AppendText(b, value)
}

// Key returns the name under which o is kept:
//
//	ProduceMediaComplete/dt=YYYY-MM-DD/MEDIA/YYYYMMDDTHHMMSSZ-STATUS-DIGEST.json
//
// It depends on the event alone, not on how or when it came, so that a second delivery finds the first.
func (o Outcome) Key() (string, error) {
	media := o.MediaID
	if media == "" {
		media = o.JobID
	}
	t := o.EventTime.UTC()
	if year := t.Year(); year < 0 || year > 9999 {
		return "", fmt.Errorf("event_time: the year %d has no four digits", year)
	}
	key := append(make([]byte, 0, 160), Root+"/dt="...)
	key = append(t.AppendFormat(key, time.DateOnly), '/')
	key = append(append(key, escape(media)...), '/')
	key = append(t.AppendFormat(key, keyTime), '-')
	key = append(append(key, o.Status...), '-')
	key, err := AppendDigest(key, o.Raw)
	if err != nil {
		return "", err
	}
	return string(append(key, extension...)), nil
}

// AppendDigest appends to dst what identifies an event: the first 12 hex digits of the SHA-256 of its RFC
// 8785 form. So white space, member order and escapes make no difference.
func AppendDigest(dst, raw []byte) ([]byte, error) {
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	canonical, err := jsonx.AppendCanonical((*buf)[:0], raw)
	if err != nil {
		return nil, fmt.Errorf("digest: %w", err)
	}
	sum := sha256.Sum256(canonical)
	if cap(canonical) <= largeBuffer {
		*buf = canonical
	}
	return hex.AppendEncode(dst, sum[:digestLen/2]), nil
}

// buffers are used again unless an odd event has made them large.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

const largeBuffer = 64 << 10

// escape percent-encodes every byte outside A-Z a-z 0-9 - _ . ~ (RFC 3986, unreserved), and the two
// names that a path gives a meaning of their own. "%" is encoded too, so distinct IDs stay distinct.
func escape(id string) string {
	const upperHex = "0123456789ABCDEF"
	switch id {
	case ".":
		return "%2E"
	case "..":
		return "%2E%2E"
	}
	if plain(id) {
		return id
	}
	var b strings.Builder
	b.Grow(3 * len(id))
	for i := range len(id) {
		if c := id[i]; unreserved(c) {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', upperHex[c>>4], upperHex[c&15]})
		}
	}
	return b.String()
}

// plain says whether id consists of unreserved bytes alone, as VOD's and IMS's identifiers do.
func plain(id string) bool {
	for i := range len(id) {
		if !unreserved(id[i]) {
			return false
		}
	}
	return true
}

func unreserved(c byte) bool {
	switch {
	case 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		return true
	default:
		return c == '-' || c == '_' || c == '.' || c == '~'
	}
}
