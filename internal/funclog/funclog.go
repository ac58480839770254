// Package funclog writes the function's log: one JSON object a line with the members time, level, msg
// and request_id first. Function Compute copies each line to Simple Log Service.
//
// Some lines are the only copy of an outcome; those go out whatever the level, and a failure to write
// them is an error.
package funclog

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/vod-callback/recorder/internal/jsonx"
)

// The messages that people search and alert on, and that a replay looks for.
const (
	Outcome    = "outcome"    // the record itself, where RECORD_TO is the log
	Recorded   = "recorded"   // kept now
	Duplicate  = "duplicate"  // kept before
	Ignored    = "ignored"    // an event of another type
	Refused    = "refused"    // an HTTP request answered 401, 405 or 413
	Rejected   = "rejected"   // no event in it; the input is kept
	Unrecorded = "unrecorded" // could not be kept; the line has all of it
)

// A Log writes lines. It is safe for concurrent use.
type Log struct {
	level slog.Level
	now   func() time.Time

	mu sync.Mutex // a line is written whole
	w  io.Writer
}

// New returns a Log that writes to w, each line in one call, and drops what is below level.
func New(w io.Writer, level slog.Level, now func() time.Time) *Log {
	return &Log{w: w, level: level, now: now}
}

// Say writes a line about something that is kept elsewhere, unless its level is too low. There is
// nothing to be done about a failure, so none is returned.
func (l *Log) Say(level slog.Level, msg, requestID string, attrs ...slog.Attr) {
	if level >= l.level {
		_ = l.Keep(level, msg, requestID, attrs...)
	}
}

// Keep writes a line that is the only copy of something, whatever its level.
func (l *Log) Keep(level slog.Level, msg, requestID string, attrs ...slog.Attr) error {
	return l.write(func(text []byte) []byte {
		return l.appendLine(text, requestID, Line{level, msg, attrs})
	})
}

// A Line is what a line says besides its time and request ID.
type Line struct {
	Level slog.Level
	Msg   string
	Attrs []slog.Attr
}

// KeepAndSay does what Keep and then Say do, in one call of the writer: each costs more than making
// the lines.
func (l *Log) KeepAndSay(requestID string, keep, say Line) error {
	return l.write(func(text []byte) []byte {
		text = l.appendLine(text, requestID, keep)
		if say.Level >= l.level {
			text = l.appendLine(text, requestID, say)
		}
		return text
	})
}

// write writes what lines appends to an empty buffer.
func (l *Log) write(lines func([]byte) []byte) error {
	buf := buffers.Get().(*[]byte)
	text := lines((*buf)[:0])
	l.mu.Lock()
	_, err := l.w.Write(text)
	l.mu.Unlock()
	if cap(text) <= largeBuffer {
		*buf = text
		buffers.Put(buf)
	}
	return err
}

// appendLine appends one line. The form is that of slog.JSONHandler, which this replaces: that takes twice
// the time and a dozen allocations a line.
func (l *Log) appendLine(text []byte, requestID string, line Line) []byte {
	text = append(text, `{"time":"`...)
	text = l.now().UTC().AppendFormat(text, time.RFC3339Nano)
	text = append(text, `","level":"`...)
	text = append(text, line.Level.String()...)
	text = append(text, `","msg":"`...)
	text = append(text, line.Msg...)
	text = append(text, `","request_id":`...)
	text = jsonx.AppendText(text, requestID)
	for _, a := range line.Attrs {
		text = append(text, `,"`...)
		text = append(text, a.Key...)
		text = append(text, `":`...)
		text = appendValue(text, a.Value)
	}
	return append(text, "}\n"...)
}

// buffers are used again unless an odd line has made them large.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 2<<10); return &b }}

const largeBuffer = 64 << 10

// appendValue appends what an attribute says: JSON on one line as it is, anything else encoded.
func appendValue(line []byte, v slog.Value) []byte {
	if v.Kind() == slog.KindString {
		return jsonx.AppendText(line, v.String())
	}
	if raw, ok := v.Any().(json.RawMessage); ok {
		return append(line, jsonx.Unobeyed(bytes.TrimSpace(raw))...)
	}
	encoded, err := json.Marshal(v.Any())
	if err != nil {
		return jsonx.AppendText(line, "!ERROR: "+err.Error())
	}
	return append(line, jsonx.Unobeyed(encoded)...)
}
