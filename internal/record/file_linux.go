package record

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// writeNew creates path with the content body. It fails with fs.ErrExist if path exists. The file has no name
// until it is complete (O_TMPFILE), so that a killed process leaves no partial file.
func writeNew(dir, path string, body []byte) error {
	fd, err := unix.Open(dir, unix.O_TMPFILE|unix.O_WRONLY|unix.O_CLOEXEC, 0o600)
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EISDIR) || errors.Is(err, unix.EINVAL) {
		return writeTemp(dir, path, body) // NFS has no unnamed files
	}
	if err != nil {
		return &os.PathError{Op: "open", Path: dir, Err: err}
	}
	f := os.NewFile(uintptr(fd), path)
	defer f.Close() //nolint:errcheck // Sync reports write errors
	if _, err := f.Write(body); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	// This form needs no capability: see AT_SYMLINK_FOLLOW in linkat(2).
	err = unix.Linkat(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", fd), unix.AT_FDCWD, path, unix.AT_SYMLINK_FOLLOW)
	if err != nil && !errors.Is(err, unix.EEXIST) {
		return writeTemp(dir, path, body) // for example, /proc is not mounted
	}
	return err
}
