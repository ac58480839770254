// Package record keeps entries, each key once: in the log, in a directory, or in a bucket of Alibaba
// Cloud Object Storage Service (OSS). What the entries say and what they are called is decided elsewhere.
package record

import (
	"context"
	"fmt"
	"log/slog"
)

// A Kind says what an entry is.
type Kind int

// The kinds of entries.
const (
	Outcome  Kind = iota // how an edit ended
	Rejected             // input in which no event could be read
)

// An Entry is one thing to keep.
type Entry struct {
	Kind Kind
	// Key is its name: a slash-separated relative path with no empty, "." or ".." part, below which the
	// recorder's own prefix or directory goes.
	Key string
	// Body is one JSON object on one line that ends in a newline.
	Body []byte
	// RequestID and Attrs are how the log puts it where that is the only place: all that Body says. Facets
	// are how the log tells of it where it is kept: what people search for.
	RequestID     string
	Attrs, Facets []slog.Attr
}

// A Result says how an entry came to be kept.
type Result int

// The results of a call that kept the entry.
const (
	Recorded  Result = iota + 1 // by this call
	Duplicate                   // by an earlier one, whose body stays
	Logged                      // by this call, in the log: its lines are written
)

// A Recorder keeps entries, each key once. It is safe for concurrent use.
type Recorder interface {
	// Record keeps e unless its key is taken. A taken key is a Duplicate and no error, also where an
	// earlier try of the same call took it and the answer was lost. It returns before ctx ends.
	//
	// An error says only that the entry may be missing: have it delivered again.
	Record(ctx context.Context, e Entry) (Result, error)
}

// An Error says why an entry may be missing. Its text holds no credentials, signature or token.
type Error struct {
	Op  string // what was tried, such as "oss put BUCKET/KEY"
	Err error
}

// Error returns the operation and its cause.
func (e *Error) Error() string { return fmt.Sprintf("%s: %v", e.Op, e.Err) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
