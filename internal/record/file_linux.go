package record

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// writeNew makes path with body in it; it fails with fs.ErrExist where path exists. The file has no name
// until it is complete (O_TMPFILE), so that a process that is killed leaves nothing behind.
func writeNew(dir, path string, body []byte) error {
	fd, err := unix.Open(dir, unix.O_TMPFILE|unix.O_WRONLY|unix.O_CLOEXEC, 0o600)
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EISDIR) || errors.Is(err, unix.EINVAL) {
		return writeTemp(dir, path, body) // NFS has no such files
	}
	if err != nil {
		return &os.PathError{Op: "open", Path: dir, Err: err}
	}
	f := os.NewFile(uintptr(fd), path)
	defer f.Close() //nolint:errcheck // it is synced, or its error is returned
	if _, err := f.Write(body); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	// This is the way that asks for no capability: see AT_SYMLINK_FOLLOW in linkat(2).
	err = unix.Linkat(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", fd), unix.AT_FDCWD, path, unix.AT_SYMLINK_FOLLOW)
	if err != nil && !errors.Is(err, unix.EEXIST) {
		return writeTemp(dir, path, body) // perhaps there is no /proc
	}
	return err
}
