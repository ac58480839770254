// Package funclog writes the function's log: one JSON object a line with the members time, level, msg
// and request_id first. Function Compute copies each line to Simple Log Service.
//
// Some lines are the only copy of an outcome; those go out whatever the level, and a failure to write
// them is an error.
package funclog

import (
	"context"
	"io"
	"log/slog"
	"time"
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
	return &Log{handler: slog.NewJSONHandler(w, nil), level: level, now: now}
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
