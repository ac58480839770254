package archive

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestWriteIsReproducible(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	main := filepath.Join(dir, "main")
	content := strings.Repeat("an executable ", 5000)
	var archives [2][]byte
	for i, modified := range []time.Time{time.Unix(1e9, 0), time.Unix(2e9, 0)} {
		// Neither the file's time nor its mode, which depend on the machine, may show.
		if err := os.WriteFile(main, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(main, modified, modified); err != nil {
			t.Fatal(err)
		}
		archive := filepath.Join(dir, "dist", "function.zip")
		var said bytes.Buffer
		if err := Write([]string{archive, main}, &said); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(archive)
		if err != nil {
			t.Fatal(err)
		}
		archives[i] = b
		if !strings.Contains(said.String(), "bytes") {
			t.Errorf("said %q, want the size", &said)
		}
	}
	if !bytes.Equal(archives[0], archives[1]) {
		t.Error("two archives of the same file differ")
	}

	z, err := zip.NewReader(bytes.NewReader(archives[0]), int64(len(archives[0])))
	if err != nil {
		t.Fatal(err)
	}
	if len(z.File) != 1 || z.File[0].Name != "main" {
		t.Fatalf("the archive holds %v, want main at the top", z.File)
	}
	if mode := z.File[0].Mode(); mode != 0o755 {
		t.Errorf("main has mode %v, want it executable", mode)
	}
	r, err := z.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(r); err != nil || string(b) != content {
		t.Errorf("main reads as %d bytes, %v", len(b), err)
	}
}

func TestWriteLeavesNoBrokenArchive(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	archive := filepath.Join(dir, "function.zip")
	if err := Write([]string{archive, filepath.Join(dir, "missing")}, io.Discard); err == nil {
		t.Error("packing a missing file succeeded")
	}
	if _, err := os.Stat(archive); !os.IsNotExist(err) {
		t.Errorf("a broken archive is left: %v", err)
	}
}
