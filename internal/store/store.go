// Package store reads what the recorders of package record wrote. Only vodctl and cmd/reconcile use it.
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

// An Object describes one object in a store.
type Object struct {
	Key      string // relative to the target, as it was recorded
	Size     int64  // in bytes
	Modified time.Time
}

// A Store can be listed and read. It is safe for concurrent use.
type Store interface {
	// Types returns the event types that have a directory, in order. It makes one listing, for a store of any size.
	// It is an error if the store does not exist. An empty store has no types.
	Types(ctx context.Context) ([]string, error)
	// Days returns the days, such as "2026-11-22", with objects below root/dt=DAY/, in order. It makes one listing,
	// for a store of any size. It is an error if the store does not exist. An empty store has no days.
	Days(ctx context.Context, root string) ([]string, error)
	// Keys yields the objects below prefix, one directory after the other, days in order. An error ends the
	// sequence. If the caller stops early, there are no more requests.
	Keys(ctx context.Context, prefix string) iter.Seq2[Object, error]
	// Get returns the content of one object. If the object does not exist, the error is fs.ErrNotExist. If it is
	// larger than MaxObject, the error is a *TooLargeError, and Get reads no more than that.
	Get(ctx context.Context, key string) ([]byte, error)
}

// MaxObject is the maximum size of an object that is read, in bytes. The largest object that the function writes is
// a rejected payload: Function Compute accepts up to 32 MiB, and each byte can become an escape of six bytes
// (\u0000). The other members of a rejected record are small. (A record is smaller: an event has at most 1 MiB.)
const MaxObject = 6*32<<20 + 1<<20

// A TooLargeError is the error for an object that is larger than anything that the function writes.
type TooLargeError struct {
	Limit int64 // in bytes
}

// Error implements error. It names the limit.
func (e *TooLargeError) Error() string {
	return fmt.Sprintf("not read: larger than %d bytes, the maximum that the function writes", e.Limit)
}

// readAll reads an object of at most limit bytes. size is the size that the store reports, or -1.
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

// Open returns the store for target. Region and credentials for OSS come from the environment, as in record.NewOSS.
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

// dayOf returns DAY of a directory named dt=DAY.
func dayOf(name string) (string, bool) {
	day, ok := strings.CutPrefix(strings.TrimSuffix(name, "/"), "dt=")
	if _, err := time.Parse(time.DateOnly, day); err != nil {
		return "", false
	}
	return day, ok
}
