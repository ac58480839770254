// Package funclog writes the function's log: one JSON object a line with the members time, level, msg
// and request_id first. Function Compute copies each line to Simple Log Service.
//
// Some lines are the only copy of an outcome; those go out whatever the level, and a failure to write
// them is an error.
package funclog

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"
	"unicode/utf8"
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
	handler slog.Handler
	level   slog.Level
	now     func() time.Time
}

// New returns a Log that writes to w, each line in one call, and drops what is below level.
func New(w io.Writer, level slog.Level, now func() time.Time) *Log {
	// The handler writes whatever it is handed; the level is ours to check, in Say.
	return &Log{handler: slog.NewJSONHandler(escaping{w}, nil), level: level, now: now}
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
	r := slog.NewRecord(l.now().UTC(), level, msg, 0)
	r.AddAttrs(slog.String("request_id", requestID))
	r.AddAttrs(attrs...)
	return l.handler.Handle(context.Background(), r)
}

// An escaping writer takes lines of JSON and writes as \u escapes the characters that JSON lets stand but
// that a terminal or a viewer of the log could obey, so that no text of a stranger's looks like a line of
// ours: DEL, the C1 controls (U+0085 ends a line, U+009B begins a terminal's command), the separators of
// lines and paragraphs, and what turns the direction of writing. They stand in strings only, so the line
// says the same.
type escaping struct{ w io.Writer }

func (e escaping) Write(line []byte) (int, error) {
	if !bytes.ContainsFunc(line, obeyed) {
		return e.w.Write(line)
	}
	escaped := make([]byte, 0, len(line)+64)
	for i := 0; i < len(line); {
		r, size := utf8.DecodeRune(line[i:])
		if obeyed(r) {
			escaped = fmt.Appendf(escaped, `\u%04x`, r)
		} else {
			escaped = append(escaped, line[i:i+size]...)
		}
		i += size
	}
	if _, err := e.w.Write(escaped); err != nil {
		return 0, err
	}
	return len(line), nil
}

func obeyed(r rune) bool {
	switch {
	case r < 0x7f: // nearly all there is
		return false
	case r <= 0x9f, r == 0x061c, 0x200e <= r && r <= 0x200f, 0x2028 <= r && r <= 0x202e, 0x2066 <= r && r <= 0x2069:
		return true
	default:
		return false
	}
}
