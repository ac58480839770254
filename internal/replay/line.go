package replay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/funclog"
	"github.com/vod-callback/recorder/internal/jsonx"
	"github.com/vod-callback/recorder/internal/outcome"
	"github.com/vod-callback/recorder/internal/record"
)

// A lineReader understands the lines of the function's log, bare or as the message of an SLS export.
type lineReader struct {
	outcomes bool // also what the function recorded in its log
}

// A found is what a text held: an entry, or an error that says why there is none though there should be.
type found struct {
	entry record.Entry
	err   error
}

var errBroken = errors.New("the line is cut short or garbled")

// lineStart is how every line of the function's log begins.
var lineStart = []byte(`{"time":"`)

// wanted matches a line that holds something to record, also where it is broken, and however often it
// is quoted.
var wanted = map[bool]*regexp.Regexp{
	false: regexp.MustCompile(`"msg\\*"\s*:\s*\\*"unrecorded\\*"`),
	true:  regexp.MustCompile(`"msg\\*"\s*:\s*\\*"(unrecorded|outcome)\\*"`),
}

// read returns what text, a line or several, holds.
func (l lineReader) read(text []byte) []found {
	if !l.mayMatter(text) {
		return nil
	}
	object, err := jsonx.Lenient(text)
	if err != nil {
		return l.readGlued(text)
	}
	if object.Has("msg") {
		return l.readLine(object)
	}
	message, _ := object.Get("message")
	switch message.Kind() {
	case '"': // SLS joins lines to one entry where its configuration has it so
		var all []found
		for line := range bytes.Lines(jsonx.Text(message)) {
			line = bytes.TrimSpace(line)
			switch object, err := jsonx.Lenient(line); {
			case !l.mayMatter(line):
			case err != nil:
				all = append(all, l.readGlued(line)...)
			case object.Has("msg"):
				all = append(all, l.readLine(object)...)
			}
		}
		return all
	case '{': // an export that has taken the JSON in the field for JSON
		if object, err := jsonx.Lenient(message); err == nil && object.Has("msg") {
			return l.readLine(object)
		}
	}
	return nil
}

// mayMatter is quick to rule out most lines.
func (l lineReader) mayMatter(text []byte) bool {
	return bytes.Contains(text, []byte(funclog.Unrecorded)) ||
		l.outcomes && (bytes.Contains(text, []byte(funclog.Outcome)) || bytes.Contains(text, []byte(funclog.Rejected)))
}

// readGlued reads text that is no JSON object. It may end in a line of the log, after the prefix of
// a log viewer, or after half a line of an instance that was killed while it wrote.
func (l lineReader) readGlued(text []byte) []found {
	for from := 1; from < len(text); {
		i := bytes.Index(text[from:], lineStart)
		if i < 0 {
			break
		}
		if object, err := jsonx.Lenient(text[from+i:]); err == nil {
			return append(l.broken(text[:from+i]), l.readLine(object)...)
		}
		from += i + 1
	}
	return l.broken(text)
}

// broken is an error where text was a line that matters.
func (l lineReader) broken(text []byte) []found {
	if wanted[l.outcomes].Match(text) {
		return []found{{err: errBroken}}
	}
	return nil
}

// readLine reads a line of the log.
func (l lineReader) readLine(object jsonx.Object) []found {
	msg := text(object, "msg")
	if msg != funclog.Unrecorded && (!l.outcomes || msg != funclog.Outcome && msg != funclog.Rejected) {
		return nil
	}
	if name := object.Repeated("msg", "outcome", "payload", "payload_base64", "received_at"); name != "" {
		return []found{{err: fmt.Errorf("the line has %q more than once", name)}}
	}
	var f found
	if o, ok := object.Get("outcome"); ok {
		f.entry, f.err = readOutcome(o)
	} else if msg == funclog.Rejected && !object.Has("payload") && !object.Has("payload_base64") {
		return nil // it is kept elsewhere, under the key that the line has
	} else {
		f.entry, f.err = readRejected(object)
	}
	if f.err != nil {
		f.entry = record.Entry{}
	}
	return []found{f}
}

// text returns a string member of object, or "".
func text(object jsonx.Object, name string) string {
	if v, ok := object.Get(name); ok && v.Kind() == '"' {
		return string(jsonx.Text(v))
	}
	return ""
}

// readOutcome reads a record and makes sure that it says what its raw event says: key and digest are
// taken from that alone.
func readOutcome(v jsontext.Value) (record.Entry, error) {
	object, err := jsonx.Strict(v)
	if err != nil {
		return record.Entry{}, fmt.Errorf("outcome: %w", err)
	}
	version, _ := object.Get("schema_version")
	switch n, err := strconv.Atoi(string(version)); {
	case err != nil || n < 1:
		return record.Entry{}, fmt.Errorf("outcome: schema_version %s: want a number from 1", shown(version))
	case n > outcome.SchemaVersion:
		return record.Entry{}, fmt.Errorf("outcome: schema_version %d is newer than %d, the newest known here: use a newer vodctl", n, outcome.SchemaVersion)
	}
	var logged outcome.Outcome
	dec := json.NewDecoder(bytes.NewReader(v))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&logged); err != nil {
		return record.Entry{}, fmt.Errorf("outcome: %w", err)
	}
	if len(logged.Raw) == 0 {
		return record.Entry{}, errors.New("outcome: it has no raw event")
	}
	event, err := events.Parse(logged.Raw)
	if err != nil {
		return record.Entry{}, fmt.Errorf("outcome.raw: %w", err)
	}
	o, err := outcome.New(event, logged.Raw, outcome.Facts{})
	if err != nil {
		return record.Entry{}, fmt.Errorf("outcome.raw: %w", err)
	}
	o.Trigger, o.MessageID, o.RequestID = logged.Trigger, logged.MessageID, logged.RequestID
	o.AccountID, o.Region, o.ReceivedAt = logged.AccountID, logged.Region, logged.ReceivedAt
	if err := compare(logged, o); err != nil {
		return record.Entry{}, err
	}
	return o.Entry()
}

// compare names the first member of a record that its raw event contradicts.
func compare(logged, derived outcome.Outcome) error {
	logged.EventTime, logged.Raw = logged.EventTime.UTC(), derived.Raw
	got, err := members(logged)
	if err != nil {
		return err
	}
	want, err := members(derived)
	if err != nil {
		return err
	}
	for _, o := range []jsonx.Object{got, want} {
		for m := range o.All() {
			g, _ := got.Get(m.Name())
			w, _ := want.Get(m.Name())
			if !bytes.Equal(g, w) {
				return fmt.Errorf("outcome: %s is %s, but the raw event makes it %s", m.Name(), shown(g), shown(w))
			}
		}
	}
	return nil
}

func members(o outcome.Outcome) (jsonx.Object, error) {
	line, err := o.Line()
	if err != nil {
		return jsonx.Object{}, err
	}
	return jsonx.Lenient(line)
}

// shown is v for an error message, cut short.
func shown(v jsontext.Value) string {
	const limit = 64
	switch {
	case len(v) == 0:
		return "missing"
	case len(v) > limit:
		return strconv.QuoteToGraphic(string(v[:limit])) + "…"
	default:
		return string(v)
	}
}

// readRejected reads the line of an input in which no event could be read.
func readRejected(object jsonx.Object) (record.Entry, error) {
	r := outcome.Rejected{
		Reason:     text(object, "reason"),
		Trigger:    text(object, "trigger"),
		MessageID:  text(object, "message_id"),
		RequestID:  text(object, "request_id"),
		ReceivedAt: text(object, "received_at"),
	}
	if r.ReceivedAt == "" {
		r.ReceivedAt = text(object, "time")
	}
	// The function writes nothing else; it would not be the same once it is written again.
	if !utf8.ValidString(r.Reason + r.Trigger + r.MessageID + r.RequestID) {
		return record.Entry{}, errors.New("the line is not UTF-8")
	}
	var err error
	if r.Payload, err = payload(object, "payload"); err != nil {
		return record.Entry{}, err
	}
	if r.PayloadBase64, err = payload(object, "payload_base64"); err != nil {
		return record.Entry{}, err
	}
	switch {
	case r.Payload != nil && r.PayloadBase64 != nil:
		return record.Entry{}, errors.New("the line has both a payload and a payload_base64")
	case r.Payload == nil && r.PayloadBase64 == nil:
		return record.Entry{}, errors.New("the line has no outcome, payload or payload_base64")
	}
	return r.Entry()
}

// payload returns a string member, or nil where there is none.
func payload(object jsonx.Object, name string) (*string, error) {
	v, ok := object.Get(name)
	if !ok {
		return nil, nil
	}
	if v.Kind() != '"' {
		return nil, fmt.Errorf("%s is a %s, want a string", name, jsonx.Describe(v))
	}
	s := string(jsonx.Text(v))
	if !utf8.ValidString(s) {
		return nil, fmt.Errorf("%s is no Unicode text", name)
	}
	return &s, nil
}
