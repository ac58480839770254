// Package eventtest provides the published samples to tests.
package eventtest

import (
	"iter"
	"testing"

	"github.com/vod-callback/recorder/events/testdata"
)

// timer is the sample of the payload that invokes cmd/reconcile. It is not a delivery.
const timer = "timer.json"

// Samples returns every sample of an event or a delivery in events/testdata: the name of the file and the payload, in
// the order of the names.
func Samples(tb testing.TB) iter.Seq2[string, []byte] {
	tb.Helper()
	files, err := testdata.Files.ReadDir(".")
	if err != nil || len(files) == 0 {
		tb.Fatalf("no samples: %v", err)
	}
	return func(yield func(string, []byte) bool) {
		for _, file := range files {
			if file.Name() != timer && !yield(file.Name(), Sample(tb, file.Name())) {
				return
			}
		}
	}
}

// Sample returns the content of one sample file.
func Sample(tb testing.TB, name string) []byte {
	tb.Helper()
	data, err := testdata.Files.ReadFile(name)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// Seed adds every sample to the seeds of f.
func Seed(f *testing.F) {
	f.Helper()
	for _, payload := range Samples(f) {
		f.Add(payload)
	}
}
