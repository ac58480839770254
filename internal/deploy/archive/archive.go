// Package archive packs files into a reproducible ZIP archive for Function Compute. The files are sorted, at the top
// level of the archive, executable, and without modification times.
package archive

import (
	"archive/zip"
	"cmp"
	"compress/flate"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Write packs args[1:] into args[0] and prints the name, size and checksum of the archive.
func Write(args []string, stdout io.Writer) (err error) {
	if len(args) < 2 {
		return errors.New("want ARCHIVE FILE…")
	}
	archive, files := args[0], args[1:]
	if err := os.MkdirAll(filepath.Dir(archive), 0o750); err != nil {
		return err
	}
	out, err := os.Create(archive) //nolint:gosec // G304: the caller names the archive
	if err != nil {
		return err
	}
	defer func() {
		if err = cmp.Or(err, out.Close()); err != nil {
			_ = os.Remove(archive)
		}
	}()
	sum, size := sha256.New(), counter(0)
	if err := pack(io.MultiWriter(out, sum, &size), files); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "%s: %d bytes (%.1f MiB), sha256 %x\n", archive, size, float64(size)/(1<<20), sum.Sum(nil))
	return err
}

// earliest is the earliest time in a ZIP archive.
var earliest = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// pack writes an archive of files to w.
func pack(w io.Writer, files []string) error {
	z := zip.NewWriter(w)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestCompression)
	})
	byName := func(a, b string) int { return cmp.Compare(filepath.Base(a), filepath.Base(b)) }
	files = slices.SortedFunc(slices.Values(files), byName)
	for i, file := range files {
		if i > 0 && byName(files[i-1], file) == 0 {
			return fmt.Errorf("%s and %s have the same name", files[i-1], file)
		}
		if err := add(z, file); err != nil {
			return err
		}
	}
	return z.Close()
}

func add(z *zip.Writer, file string) error {
	in, err := os.Open(file) //nolint:gosec // G304: the caller names the files
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	header := &zip.FileHeader{Name: filepath.Base(file), Method: zip.Deflate, Modified: earliest}
	header.SetMode(0o755)
	entry, err := z.CreateHeader(header)
	if err != nil {
		return err
	}
	if _, err := io.Copy(entry, in); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// A counter counts the bytes that are written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
