package record

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
)

// A FileRecorder keeps entries as files below Dir, which is made where it is missing: on a laptop, or
// on a NAS mount. Files are readable by their owner only, because records can hold user data.
type FileRecorder struct{ Dir string }

// Record writes e to a file that has no name yet, syncs it, and links it to its name. Link fails where
// the name is taken; Rename would replace what is there.
func (r FileRecorder) Record(ctx context.Context, e Entry) (Result, error) {
	type answer struct {
		result Result
		err    error
	}
	done := make(chan answer, 1)
	if ctx.Err() == nil {
		// A file system that hangs (NFS without its server) cannot be interrupted; the caller can.
		go func() {
			result, err := r.write(e)
			done <- answer{result, err}
		}()
	}
	select {
	case a := <-done:
		if a.err != nil {
			return 0, fmt.Errorf("file %s: %w", e.Key, a.err)
		}
		return a.result, nil
	case <-ctx.Done():
		return 0, fmt.Errorf("file %s: %w", e.Key, ctx.Err())
	}
}

func (r FileRecorder) write(e Entry) (Result, error) {
	if !filepath.IsLocal(filepath.FromSlash(e.Key)) {
		return 0, fmt.Errorf("the key %q leaves the directory", e.Key)
	}
	path := filepath.Join(r.Dir, filepath.FromSlash(e.Key))
	dir := filepath.Dir(path)
	// Look first: a disk that is full or read-only since then still has what was recorded before.
	if _, err := os.Lstat(path); err == nil {
		return Duplicate, r.syncDirs(dir)
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return 0, err
	}
	result := Recorded
	switch err := writeNew(dir, path, e.Body); {
	case errors.Is(err, fs.ErrExist): // another delivery was faster
		result = Duplicate
	case errors.Is(err, syscall.EPERM), errors.Is(err, errors.ErrUnsupported):
		return 0, fmt.Errorf("%w (the file system must have hard links)", err)
	case err != nil:
		return 0, err
	}
	return result, r.syncDirs(dir)
}

// syncDirs syncs dir and all that is above it, so that a power cut does not take away a record that was
// acknowledged. It does so for a duplicate too, and for directories that existed: whoever made them may have
// died before. A directory without changes costs next to nothing to sync.
func (r FileRecorder) syncDirs(dir string) error {
	for {
		parent := filepath.Dir(dir)
		err := syncDir(dir)
		below := len(dir) >= len(filepath.Clean(r.Dir))
		if err != nil && below {
			return err
		}
		if err != nil || parent == dir {
			return nil // what is above Dir may not be ours to open
		}
		dir = parent
	}
}

func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // it has no such thing
	}
	d, err := os.Open(dir) //nolint:gosec // G304: write made sure that it is below Dir
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.EROFS) {
		err = nil // the file system does not sync directories, or nothing in it can have changed
	}
	return errors.Join(err, d.Close())
}

// writeTemp makes a file in dir with a hidden name, and links it to path. It serves where there is no file
// without a name.
func writeTemp(dir, path string, body []byte) error {
	f, err := os.CreateTemp(dir, ".*.tmp")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) //nolint:errcheck // no reader looks at a hidden name
	_, err = f.Write(body)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Link(f.Name(), path)
}
