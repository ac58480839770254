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

// A FileRecorder keeps entries as files below Dir, on a local disk or a NAS mount. It creates Dir if necessary.
// Only the owner can read the files, because records can contain user data.
type FileRecorder struct{ Dir string }

// Record writes e to a file without a name, syncs it, and links it to its name. Link fails if the name exists;
// Rename would replace the existing file.
func (r FileRecorder) Record(ctx context.Context, e Entry) (Result, error) {
	type answer struct {
		result Result
		err    error
	}
	done := make(chan answer, 1)
	if ctx.Err() == nil {
		// A hanging file system (NFS without its server) cannot be interrupted, so the caller does not wait for it.
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
		return 0, fmt.Errorf("the key %q is outside the directory", e.Key)
	}
	path := filepath.Join(r.Dir, filepath.FromSlash(e.Key))
	dir := filepath.Dir(path)
	// Check first, so that a duplicate is recognised even if the disk is now full or read-only.
	if _, err := os.Lstat(path); err == nil {
		return Duplicate, r.syncDirs(dir)
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return 0, err
	}
	result := Recorded
	switch err := writeNew(dir, path, e.Body); {
	case errors.Is(err, fs.ErrExist): // a concurrent delivery was faster
		result = Duplicate
	case errors.Is(err, syscall.EPERM), errors.Is(err, errors.ErrUnsupported):
		return 0, fmt.Errorf("%w (the file system must support hard links)", err)
	case err != nil:
		return 0, err
	}
	return result, r.syncDirs(dir)
}

// syncDirs syncs dir and all its parents, so that a power failure cannot lose an acknowledged record. It
// also does so for a duplicate and for existing directories, because the process that created them may have
// stopped before the sync. Syncing an unchanged directory is cheap.
func (r FileRecorder) syncDirs(dir string) error {
	for {
		parent := filepath.Dir(dir)
		err := syncDir(dir)
		below := len(dir) >= len(filepath.Clean(r.Dir))
		if err != nil && below {
			return err
		}
		if err != nil || parent == dir {
			return nil // the parents of Dir may not be readable
		}
		dir = parent
	}
}

func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // Windows cannot sync directories
	}
	d, err := os.Open(dir) //nolint:gosec // G304: write checked that it is below Dir
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.EROFS) {
		err = nil // the file system cannot sync directories, or is read-only and unchanged
	}
	return errors.Join(err, d.Close())
}

// writeTemp writes a file in dir with a hidden name and links it to path. It is for systems without unnamed
// files.
func writeTemp(dir, path string, body []byte) error {
	f, err := os.CreateTemp(dir, ".*.tmp")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) //nolint:errcheck // readers ignore hidden names
	_, err = f.Write(body)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Link(f.Name(), path)
}
