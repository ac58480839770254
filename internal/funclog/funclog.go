// Package funclog writes the function's log: one JSON object on each line, with the members time, level, msg
// and request_id first. Function Compute copies each line to Simple Log Service.
//
// Some lines are the only copy of an outcome. These are written at every log level, and a failure to write them
// is an error.
package funclog

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The messages that people search for, that alerts count, and that a replay reads.
const (
	Outcome    = "outcome"    // the record itself, if RECORD_TO is log:
	Recorded   = "recorded"   // recorded now
	Duplicate  = "duplicate"  // recorded before
	Ignored    = "ignored"    // an event of a type that is not recorded
	Refused    = "refused"    // an HTTP request answered 401, 405 or 413
	Rejected   = "rejected"   // not a valid event; the input is kept
	Unrecorded = "unrecorded" // could not be recorded; the line has the full record
	Missing    = "missing"    // an edit that ended and has no record
	Panic      = "panic"      // a bug in the function, with its stack
)

// A Log writes lines. It is safe for concurrent use.
type Log struct {
	lines slog.Handler
	level slog.Level
	now   func() time.Time
}

// New returns a Log that writes each line to w in one call, and omits lines below level.
func New(w io.Writer, level slog.Level, now func() time.Time) *Log {
	everything := &slog.HandlerOptions{Level: slog.LevelDebug}
	return &Log{lines: slog.NewJSONHandler(escaper{w}, everything), level: level, now: now}
}

// Say writes a line about something that is kept elsewhere, unless its level is too low. It returns no error,
// because the caller could not do anything about it.
func (l *Log) Say(level slog.Level, msg, requestID string, attrs ...slog.Attr) {
	if level >= l.level {
		_ = l.Keep(level, msg, requestID, attrs...)
	}
}

// Keep writes a line that is the only copy of something, at every level.
func (l *Log) Keep(level slog.Level, msg, requestID string, attrs ...slog.Attr) error {
	line := slog.NewRecord(l.now().UTC(), level, msg, 0)
	line.AddAttrs(slog.String("request_id", requestID))
	line.AddAttrs(attrs...)
	return l.lines.Handle(context.Background(), line)
}

// Cut returns the first limit bytes of s, and an ellipsis if s is longer, so that an unauthenticated text cannot
// fill the log.
func Cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "…"
}

// An escaper writes JSON with a \u escape for each control character that JSON allows in a string, so that an
// unauthenticated text cannot control a terminal or look like another log line.
type escaper struct{ w io.Writer }

// Write writes one line.
func (e escaper) Write(line []byte) (int, error) {
	var escaped []byte
	done := 0
	for i, r := range string(line) {
		if obeyed(r) {
			escaped = fmt.Appendf(append(escaped, line[done:i]...), `\u%04x`, r)
			done = i + utf8.RuneLen(r)
		}
	}
	if escaped == nil { // the usual case
		return e.w.Write(line)
	}
	_, err := e.w.Write(append(escaped, line[done:]...))
	return len(line), err
}

// obeyed reports whether r is DEL, a C1 control (U+009B begins a terminal's command), a line or paragraph
// separator, or a character that changes the direction of text.
func obeyed(r rune) bool {
	return r >= 0x7f && (r <= 0x9f || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Bidi_Control))
}
