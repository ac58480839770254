// Package eventtest hands the published samples to tests.
package eventtest

import (
	"iter"
	"os"
	"path/filepath"
	"testing"
)

// Samples returns every sample of events/testdata, a payload each, with the name of its file and in the
// order of the names.
func Samples(tb testing.TB) iter.Seq2[string, []byte] {
	tb.Helper()
	names, err := filepath.Glob(filepath.Join(dir(tb), "*.json"))
	if err != nil || len(names) == 0 {
		tb.Fatalf("no samples: %v", err)
	}
	return func(yield func(string, []byte) bool) {
		for _, name := range names {
			name = filepath.Base(name)
			if !yield(name, Sample(tb, name)) {
				return
			}
		}
	}
}

// Sample returns one of them as it is in its file.
func Sample(tb testing.TB, name string) []byte {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join(dir(tb), name)) //nolint:gosec // G304: a test names it
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// Seed adds every sample to what f begins with.
func Seed(f *testing.F) {
	f.Helper()
	for _, data := range Samples(f) {
		f.Add(data)
	}
}

// dir returns events/testdata, seen from the folder of any package: go test runs a test in its own.
func dir(tb testing.TB) string {
	tb.Helper()
	root, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			return filepath.Join(root, "events", "testdata")
		}
		above := filepath.Dir(root)
		if above == root {
			tb.Fatal("no go.mod above the test's folder")
		}
		root = above
	}
}
