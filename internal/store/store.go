// Package store reads what the recorders of package record wrote: the operator's side of the store. The
// function does not link it.
package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/vod-callback/recorder/internal/record"
)

// An Object is one thing that is kept.
type Object struct {
	Key      string // relative to the target, as it was recorded
	Size     int64  // in bytes
	Modified time.Time
}

// A Store can be listed and read. It is safe for concurrent use.
type Store interface {
	// Types returns the event types that have a directory, in order. It costs one listing, however much is kept.
	// No store at all is an error; an empty one has no types.
	Types(ctx context.Context) ([]string, error)
	// Days returns the days, such as "2026-11-22", that have anything below root/dt=DAY/, in order. It costs
	// one listing, however much is kept. No store at all is an error; an empty one has no days.
	Days(ctx context.Context, root string) ([]string, error)
	// Keys yields what lies below prefix, one directory after the other, days in order. An error ends it.
	// Stopping early costs nothing more.
	Keys(ctx context.Context, prefix string) iter.Seq2[Object, error]
	// Get returns the content of one object. Where there is none the error is fs.ErrNotExist; where it is
	// larger than MaxObject the error is a *TooLargeError, and no more than that was read.
	Get(ctx context.Context, key string) ([]byte, error)
}

// MaxObject is the largest object that is read, in bytes. The largest that the function writes is a
// rejected payload: Function Compute takes 32 MiB of it, each byte of which can become an escape of six
// (\u0000), and the other members of a rejected record are small. (A record is smaller: an event has at most
// 1 MiB of text.)
const MaxObject = 6*32<<20 + 1<<20

// A TooLargeError says that an object is larger than anything that the function writes.
type TooLargeError struct {
	Limit int64 // in bytes
}

// Error names the limit.
func (e *TooLargeError) Error() string {
	return fmt.Sprintf("larger than %d bytes, the most that the function writes: not read", e.Limit)
}

// readAll reads an object of at most limit bytes. size is what the store says of it, or -1.
func readAll(r io.Reader, size, limit int64) ([]byte, error) {
	if size > limit {
		return nil, &TooLargeError{limit}
	}
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(data)) > limit {
		return nil, &TooLargeError{limit}
	}
	return data, err
}

// ErrLog is the error for a target that cannot be read back.
var ErrLog = errors.New("the log is not a store that can be read")

// Open returns the store that target names. Region and credentials for OSS are taken from the
// environment, as record.NewOSS does.
func Open(target record.Target, getenv func(string) string) (Store, error) {
	switch {
	case target.OSS != nil:
		return &ossStore{prefix: target.OSS.Prefix, recorder: record.NewOSS(*target.OSS, getenv), limit: MaxObject}, nil
	case target.Dir != "":
		return dirStore{target.Dir, MaxObject}, nil
	default:
		return nil, ErrLog
	}
}

// dayOf returns the day that a directory named dt=DAY holds.
func dayOf(name string) (string, bool) {
	day, ok := strings.CutPrefix(strings.TrimSuffix(name, "/"), "dt=")
	if _, err := time.Parse(time.DateOnly, day); err != nil {
		return "", false
	}
	return day, ok
}
