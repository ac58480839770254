// Package record keeps entries, each key once: in a directory, or in a bucket of Alibaba Cloud Object Storage
// Service (OSS). It does not know the content of the entries; package outcome makes it and the keys.
package record

import "context"

// An Entry is one thing to keep.
type Entry struct {
	// Key is a slash-separated relative path without an empty, "." or ".." part. The recorder adds its own prefix
	// or directory in front of it.
	Key string
	// Body is one JSON object on one line that ends in a newline.
	Body []byte
}

// A Result says by which call an entry was kept.
type Result int

// The results of a call that kept the entry.
const (
	Recorded  Result = iota + 1 // by this call
	Duplicate                   // by an earlier call, whose body stays
)

// A Recorder keeps entries, each key once. It is safe for concurrent use.
type Recorder interface {
	// Record keeps e unless its key exists. If the key exists, the result is Duplicate and not an error, also if
	// an earlier try of the same call wrote it and the answer was lost. Record returns before ctx ends.
	//
	// An error means that the entry may be missing and should be delivered again. Its text contains no
	// credentials, signature or token.
	Record(ctx context.Context, e Entry) (Result, error)
}

// Open returns the recorder for target, or nil for the log, in which each line is a record. OSS uses getenv if the
// context has no region or credentials.
func Open(target Target, getenv func(string) string) Recorder {
	if target.OSS != nil {
		return NewOSS(*target.OSS, getenv)
	}
	if target.Dir != "" {
		return FileRecorder{Dir: target.Dir}
	}
	return nil
}
