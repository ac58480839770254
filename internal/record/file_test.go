package record_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/vod-callback/recorder/internal/record"
)

func TestFileRecorder(t *testing.T) {
	t.Parallel()
	testRecorder(t, func(t *testing.T) subject {
		dir := filepath.Join(t.TempDir(), "not", "there", "yet")
		return subject{
			recorder: record.FileRecorder{Dir: dir},
			read: func(t *testing.T, key string) []byte {
				data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(key)))
				if err != nil && !errors.Is(err, fs.ErrNotExist) {
					t.Fatal(err)
				}
				return data
			},
		}
	})
}

func TestFileRecorderLeavesNothingElse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := record.FileRecorder{Dir: dir}
	for range 3 {
		if _, err := r.Record(t.Context(), newEntry("a/b.json", "{}")); err != nil {
			t.Fatal(err)
		}
	}
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			info, err := d.Info()
			if err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: mode %v, %v", path, info.Mode(), err)
			}
			files = append(files, path)
		}
		return err
	})
	if err != nil || len(files) != 1 {
		t.Errorf("files %q, %v; want the one record", files, err)
	}
}

// TestFileRecorderShowsWholeFilesOnly looks at a directory while records are written to it: a process that is
// killed at any moment leaves no file with another name behind.
func TestFileRecorderShowsWholeFilesOnly(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has files without a name")
	}
	dir := t.TempDir()
	r := record.FileRecorder{Dir: dir}
	done := make(chan struct{})
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for i := range 50 {
				if _, err := r.Record(t.Context(), newEntry(fmt.Sprintf("d/%d-%d.json", w, i), strings.Repeat("x", 1<<16))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	go func() {
		writers.Wait()
		close(done)
	}()
	for seen := false; ; {
		files, _ := os.ReadDir(filepath.Join(dir, "d"))
		for _, f := range files {
			if info, err := f.Info(); err != nil || filepath.Ext(f.Name()) != ".json" || info.Size() != 1<<16+1 {
				t.Fatalf("%s: %v, %v", f.Name(), info, err)
			}
			seen = true
		}
		select {
		case <-done:
			if !seen {
				continue // once more, now that all are there
			}
			return
		default:
		}
	}
}

// TestFileRecorderKnowsWhatItHas uses a directory with a file to which nobody, not even root, can write.
func TestFileRecorderKnowsWhatItHas(t *testing.T) {
	t.Parallel()
	const dir = "/proc/self"
	if _, err := os.Stat(dir + "/status"); err != nil {
		t.Skip("this system has no /proc")
	}
	r := record.FileRecorder{Dir: dir}
	if got, err := r.Record(t.Context(), newEntry("status", "{}")); err != nil || got != record.Duplicate {
		t.Errorf("Record = %v, %v; want Duplicate", got, err)
	}
	if got, err := r.Record(t.Context(), newEntry("other", "{}")); err == nil {
		t.Errorf("Record = %v, want an error", got)
	}
}

func TestFileRecorderStaysBelowItsDirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := record.FileRecorder{Dir: filepath.Join(dir, "store")}
	for _, key := range []string{"../x.json", "/x.json", "a/../../x.json", ""} {
		if _, err := r.Record(t.Context(), newEntry(key, "{}")); err == nil {
			t.Errorf("the key %q is no error", key)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "x.json")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file outside: %v", err)
	}
}

func TestFileRecorderNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := record.FileRecorder{Dir: file}.Record(t.Context(), newEntry("a/b.json", "{}"))
	if err == nil || !strings.Contains(err.Error(), "a/b.json") || !strings.Contains(err.Error(), "not a directory") {
		t.Errorf("error %v", err)
	}
}
