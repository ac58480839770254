package replay

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/funclog"
	"github.com/vod-callback/recorder/internal/outcome"
	"github.com/vod-callback/recorder/internal/record"
	"github.com/vod-callback/recorder/internal/store"
)

// A found is the content of a text: an entry, or an error if the entry that should be in it cannot be read.
type found struct {
	entry record.Entry
	err   error
}

// read returns the entries in a text of the log. It uses only the members of the line, never the content of their
// texts, because anybody can send these. It reads each byte a fixed number of times, because anybody can send a long
// line. inMessage says that text is in the message of an export.
func (l *logReader) read(text []byte, inMessage bool) []found {
	text = bytes.TrimSpace(text)
	l.empty = l.empty && len(text) == 0
	l.ours = l.ours || bytes.HasPrefix(text, sdkLine)
	if l.ours && !l.mayMatter(text) {
		return nil // most lines
	}
	object, err := readMembers(text)
	if err == nil {
		return l.readObject(object, text, inMessage)
	}
	// A complete line may come after a log viewer's prefix, or after a partial line of a killed instance.
	if start := lastObject(text); start > 0 {
		if object, err := readMembers(text[start:]); err == nil && object.isLine() {
			return append(l.readBroken(text[:start], errCut), l.readLine(text[start:])...)
		}
	}
	return l.readBroken(text, fmt.Errorf("%w: %w", errCut, err))
}

var errCut = errors.New("the line is truncated or damaged")

// sdkLine is the beginning of the lines that the SDK of Function Compute writes.
var sdkLine = []byte("FC Invoke ")

// mayMatter quickly excludes most lines.
func (l *logReader) mayMatter(text []byte) bool {
	return bytes.Contains(text, []byte(funclog.Unrecorded)) ||
		l.outcomes && (bytes.Contains(text, []byte(funclog.Outcome)) || bytes.Contains(text, []byte(funclog.Rejected)))
}

// members holds the members that identify an object.
type members struct {
	Time    jsontext.Value `json:"time"`
	Level   jsontext.Value `json:"level"`
	Msg     jsontext.Value `json:"msg"`
	Message jsontext.Value `json:"message"`
}

func readMembers(text []byte) (m members, err error) {
	if err := json.Unmarshal(text, &m); err != nil {
		return members{}, err
	}
	return m, nil
}

// isLine reports whether the object is a line of the function's log.
func (m members) isLine() bool { return m.Time != nil && m.Level != nil && m.Msg.Kind() == '"' }

// readObject reads a line, or the message of an export.
func (l *logReader) readObject(object members, text []byte, inMessage bool) []found {
	var message string
	switch {
	case object.isLine():
		return l.readLine(text)
	case inMessage: // a message of another program
	case object.Message.Kind() == '{': // an export that parsed the text as JSON
		if inner, err := readMembers(object.Message); err == nil && inner.isLine() {
			return l.readLine(object.Message)
		}
	case json.Unmarshal(object.Message, &message) == nil:
		return l.readMessage(message)
	}
	return nil
}

// readMessage reads the text of an export's message: one line, or several that the export has joined.
func (l *logReader) readMessage(message string) []found {
	var all []found
	for line := range strings.Lines(message) {
		all = append(all, l.read([]byte(line), true)...)
	}
	return all
}

// lastObject returns the start of the JSON object at the end of text, or -1. It reads text backwards. That is
// possible because JSON has backslashes only in strings.
func lastObject(text []byte) int {
	depth, inString := 0, false
	for i := len(text) - 1; i >= 0; i-- {
		switch c := text[i]; {
		case c == '"':
			before := text[:i]
			backslashes := len(before) - len(bytes.TrimRight(before, `\`))
			inString = inString != (backslashes%2 == 0)
		case inString:
		case c == '}':
			depth++
		case c == '{':
			if depth--; depth <= 0 {
				return i
			}
		}
	}
	return -1
}

// lineStart matches the start of a line. The quotes have backslashes if the line is inside a string.
var lineStart = regexp.MustCompile(`\{(\\*)"time\\*"\s*:\s*\\*"[^"\\]*\\*"\s*,\s*\\*"level\\*"\s*:\s*\\*"[^"\\]*\\*"\s*,\s*\\*"msg\\*"\s*:\s*\\*"([^"\\]*)`)

// readBroken returns err if text, which is not JSON, was a line to replay. It decides by msg or, if that cannot be
// read, by a word in what looks like an object.
func (l *logReader) readBroken(text []byte, err error) []found {
	starts := lineStart.FindAllSubmatch(text, -1)
	for _, start := range starts {
		l.ours = true
		quoted := len(start[1]) != len(starts[0][1]) // inside a text of another program
		if msg := string(start[2]); !quoted && l.wants(msg) && msg != funclog.Rejected {
			return []found{{err: err}}
		}
	}
	if len(starts) == 0 && bytes.HasPrefix(text, []byte("{")) && bytes.Contains(text, []byte(funclog.Unrecorded)) {
		return []found{{err: err}}
	}
	return nil
}

// wants reports whether a line with this msg may contain something to record.
func (l *logReader) wants(msg string) bool {
	return msg == funclog.Unrecorded || l.outcomes && (msg == funclog.Outcome || msg == funclog.Rejected)
}

// A line holds the members of a log line with something to record.
type line struct {
	Time             string         `json:"time"`
	Msg              string         `json:"msg"`
	Outcome          jsontext.Value `json:"outcome"`
	outcome.Rejected                // rejected input
}

// readLine reads a line of the log.
func (l *logReader) readLine(text []byte) []found {
	l.ours = true
	var head struct {
		Msg string `json:"msg"`
	}
	if err := json.Unmarshal(text, &head); err != nil || !l.wants(head.Msg) {
		return nil
	}
	var ln line
	if err := json.Unmarshal(text, &ln); err != nil {
		return []found{{err: err}}
	}
	kept := ln.Payload != nil || ln.PayloadBase64 != nil
	var f found
	switch {
	case ln.Outcome != nil && kept, ln.Payload != nil && ln.PayloadBase64 != nil:
		f.err = errors.New("the line has more than one of outcome, payload and payload_base64")
	case ln.Outcome != nil:
		f.entry, f.err = readOutcome(ln.Outcome)
	case kept:
		if ln.ReceivedAt == "" {
			ln.ReceivedAt = ln.Time
		}
		f.entry, f.err = ln.Entry()
	case ln.Msg == funclog.Rejected:
		return nil // it is kept in the store, under the key in the line
	default:
		f.err = errors.New("the line has no outcome, payload or payload_base64")
	}
	return []found{f}
}

// readOutcome reads a record and checks that it agrees with its raw event. Key and digest are computed from the raw
// event.
func readOutcome(v jsontext.Value) (record.Entry, error) {
	if _, err := store.ReadRecord(v); err != nil {
		return record.Entry{}, fmt.Errorf("outcome: %w", err)
	}
	var logged outcome.Outcome
	if err := json.Unmarshal(v, &logged, json.RejectUnknownMembers(true)); err != nil {
		return record.Entry{}, fmt.Errorf("outcome: %w", err)
	}
	o, err := newOutcome(logged.Raw, events.Selection{events.AllTypes}, logged.Facts)
	if err != nil {
		return record.Entry{}, fmt.Errorf("outcome.raw: %w", err)
	}
	if err := compare(logged, o); err != nil {
		return record.Entry{}, err
	}
	return o.Entry()
}

// newOutcome makes the record of an event's text.
func newOutcome(raw []byte, types events.Selection, facts outcome.Facts) (outcome.Outcome, error) {
	event, err := events.Parse(raw, types)
	if err != nil {
		return outcome.Outcome{}, err
	}
	return outcome.New(event, raw, facts)
}

// compare names the first member of a record that its raw event contradicts.
func compare(logged, derived outcome.Outcome) error {
	logged.EventTime, logged.Raw = logged.EventTime.UTC(), derived.Raw
	for _, field := range reflect.VisibleFields(reflect.TypeFor[outcome.Outcome]()) {
		got := reflect.ValueOf(logged).FieldByIndex(field.Index).Interface()
		want := reflect.ValueOf(derived).FieldByIndex(field.Index).Interface()
		if !field.Anonymous && !reflect.DeepEqual(got, want) {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			return fmt.Errorf("outcome: %s is %.80q, but %.80q in the raw event", name, fmt.Sprint(got), fmt.Sprint(want))
		}
	}
	return nil
}
