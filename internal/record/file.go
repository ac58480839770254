package record

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/vod-callback/recorder/internal/panics"
)

// A FileRecorder keeps entries as files below Dir, which is made where it is missing: on a laptop, or
// on a NAS mount. Files are readable by their owner only, since records can hold user data.
type FileRecorder struct{ Dir string }

// Record writes e to a temporary file beside its place, syncs it, and links it to its name. Link fails
// where the name is taken; Rename would replace what is there, and looking first would race. The
// directories are synced before the call returns, for a duplicate too: whoever made it may have died
// before.
func (r FileRecorder) Record(ctx context.Context, e Entry) (Result, error) {
	if err := ctx.Err(); err != nil {
		return 0, &Error{Op: "file " + e.Key, Err: err}
	}
	type answer struct {
		result Result
		err    error
	}
	done := make(chan answer, 1)
	// A file system that hangs (NFS without its server) cannot be interrupted; the caller can.
	go func() {
		result, err := r.write(e)
		done <- answer{result, err}
	}()
	select {
	case a := <-done:
		if a.err != nil {
			return 0, &Error{Op: "file " + e.Key, Err: a.err}
		}
		return a.result, nil
	case <-ctx.Done():
		return 0, &Error{Op: "file " + e.Key, Err: ctx.Err()}
	}
}

func (r FileRecorder) write(e Entry) (_ Result, err error) {
	defer panics.Recover(&err) // it runs in a goroutine of its own, where a panic ends the process
	if !filepath.IsLocal(filepath.FromSlash(e.Key)) {
		return 0, fmt.Errorf("the key %q leaves the directory", e.Key)
	}
	path := filepath.Join(r.Dir, filepath.FromSlash(e.Key))
	dir := filepath.Dir(path)
	if err := makeDir(dir); err != nil {
		return 0, err
	}
	tmp, err := writeTemp(dir, e.Body)
	if err != nil {
		return 0, err
	}
	defer os.Remove(tmp) //nolint:errcheck // it has a hidden name that no reader looks at
	result := Recorded
	switch err := os.Link(tmp, path); {
	case errors.Is(err, fs.ErrExist):
		result = Duplicate
	case errors.Is(err, syscall.EPERM), errors.Is(err, errors.ErrUnsupported):
		return 0, fmt.Errorf("%w (the file system must have hard links)", err)
	case err != nil:
		return 0, err
	}
	return result, syncDir(dir)
}

// writeTemp returns the path of a new, synced file in dir that holds body.
func writeTemp(dir string, body []byte) (path string, err error) {
	f, err := os.CreateTemp(dir, ".*.tmp")
	if err != nil {
		return "", err
	}
	_, err = f.Write(body)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// makeDir makes dir and what is missing above it, and syncs each new entry into its parent, so that a
// power cut does not take the directory from under a record that was acknowledged.
func makeDir(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := makeDir(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o750); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(parent)
}

func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // G304: below Dir, as write made sure
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
