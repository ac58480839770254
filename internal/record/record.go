// Package record keeps entries, each key once: in a directory, or in a bucket of Alibaba Cloud Object
// Storage Service (OSS). What the entries say and what their keys are is decided elsewhere.
package record

import "context"

// An Entry is one thing to keep.
type Entry struct {
	// Key is its name: a slash-separated relative path with no empty, "." or ".." part, below which the
	// recorder's own prefix or directory goes.
	Key string
	// Body is one JSON object on one line that ends in a newline.
	Body []byte
}

// A Result says how an entry came to be kept.
type Result int

// The results of a call that kept the entry.
const (
	Recorded  Result = iota + 1 // by this call
	Duplicate                   // by an earlier one, whose body stays
)

// A Recorder keeps entries, each key once. It is safe for concurrent use.
type Recorder interface {
	// Record keeps e unless its key is taken. A taken key is a Duplicate and not an error, also where an
	// earlier try of the same call took it and the answer was lost. It returns before ctx ends.
	//
	// An error says only that the entry may be missing: have it delivered again. Its text holds no
	// credentials, signature or token.
	Record(ctx context.Context, e Entry) (Result, error)
}

// Open returns the recorder that target names, or nil for the log, where each line is a record. getenv is
// what OSS falls back to for the region and the credentials.
func Open(target Target, getenv func(string) string) Recorder {
	if target.OSS != nil {
		return NewOSS(*target.OSS, getenv)
	}
	if target.Dir != "" {
		return FileRecorder{Dir: target.Dir}
	}
	return nil
}
