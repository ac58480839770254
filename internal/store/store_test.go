package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vod-callback/recorder/internal/outcome"
	"github.com/vod-callback/recorder/internal/record"
	"github.com/vod-callback/recorder/internal/store"
	"github.com/vod-callback/recorder/internal/test/osstest"
)

// env is the environment of an operator.
func env(name string) string {
	return map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_ID": "LTAI1", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "secret1"}[name]
}

// targets returns a fresh target of each kind that can be read back.
func targets(t *testing.T) map[string]record.Target {
	t.Helper()
	server, err := osstest.Start(osstest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	server.SetCredentials(osstest.Credentials{AccessKeyID: env("ALIBABA_CLOUD_ACCESS_KEY_ID"), AccessKeySecret: env("ALIBABA_CLOUD_ACCESS_KEY_SECRET")})
	all := map[string]record.Target{"dir": {Dir: filepath.Join(t.TempDir(), "store")}}
	for i, prefix := range []string{"", "a/b"} {
		bucket := fmt.Sprintf("outcomes-%d", i)
		server.AddBucket(bucket, osstest.BucketOptions{})
		all["oss "+prefix] = record.Target{OSS: &record.OSSTarget{Bucket: bucket, Prefix: prefix, Endpoint: server.URL(), Region: server.Region()}}
	}
	return all
}

func TestStore(t *testing.T) {
	t.Parallel()
	for name, target := range targets(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var keys []string
			recorder := record.Open(target, env)
			for _, day := range []string{"2026-11-20", "2026-11-21", "2026-11-22"} {
				for _, medium := range []string{"a%2Fb", "m1", "m10"} {
					keys = append(keys, fmt.Sprintf("ProduceMediaComplete/dt=%s/%s/x.json", day, medium))
				}
			}
			keys = append(keys, "TranscodeComplete/dt=2026-11-22/m1/x.json", "missing/dt=2026-11-22/m1.json", "not-a-type/x.json", "rejected/dt=2026-11-22/y.json")
			for _, key := range keys {
				if _, err := recorder.Record(t.Context(), record.Entry{Key: key, Body: []byte(key + "\n")}); err != nil {
					t.Fatal(err)
				}
			}
			s, err := store.Open(target, env)
			if err != nil {
				t.Fatal(err)
			}
			if days, err := s.Days(t.Context(), "ProduceMediaComplete"); err != nil || !slices.Equal(days, []string{"2026-11-20", "2026-11-21", "2026-11-22"}) {
				t.Errorf("Days = %q, %v", days, err)
			}
			if types, err := s.Types(t.Context()); err != nil || !slices.Equal(types, []string{"ProduceMediaComplete", "TranscodeComplete"}) {
				t.Errorf("Types = %q, %v", types, err)
			}
			if days, err := s.Days(t.Context(), "nothing"); err != nil || len(days) != 0 {
				t.Errorf("Days of nothing = %q, %v", days, err)
			}
			for _, prefix := range []string{"", "ProduceMediaComplete/", "ProduceMediaComplete/dt=2026-11-21/", "ProduceMediaComplete/dt=2026-11-21/m1/", "ProduceMediaComplete/dt=2026-11-21/m1", "rejected/", "none/"} {
				want := slices.DeleteFunc(slices.Clone(keys), func(k string) bool { return !strings.HasPrefix(k, prefix) })
				var got []string
				for o, err := range s.Keys(t.Context(), prefix) {
					if err != nil || o.Size != int64(len(o.Key)+1) || o.Modified.IsZero() {
						t.Fatalf("Keys(%s) yields %+v, %v", prefix, o, err)
					}
					got = append(got, o.Key)
				}
				if !slices.Equal(got, want) {
					t.Errorf("Keys(%s) = %q, want %q", prefix, got, want)
				}
			}
			for _, key := range keys {
				if body, err := s.Get(t.Context(), key); err != nil || string(body) != key+"\n" {
					t.Errorf("Get(%s) = %q, %v", key, body, err)
				}
			}
			if _, err := s.Get(t.Context(), "ProduceMediaComplete/dt=2026-11-21/m1/none.json"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("Get of nothing: %v", err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			for _, err := range s.Keys(ctx, "") {
				if !errors.Is(err, context.Canceled) {
					t.Errorf("Keys after the end: %v", err)
				}
			}
		})
	}
}

// TestLimit reads objects around the limit. The server sends one of them without saying how long it is.
func TestLimit(t *testing.T) {
	t.Parallel()
	const limit = 1 << 10
	for name, target := range targets(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			recorder := record.Open(target, env)
			for key, size := range map[string]int{"a/fits.json": limit, "a/large.json": limit + 1} {
				if _, err := recorder.Record(t.Context(), record.Entry{Key: key, Body: bytes.Repeat([]byte("x"), size)}); err != nil {
					t.Fatal(err)
				}
			}
			s, err := store.Open(target, env)
			if err != nil {
				t.Fatal(err)
			}
			s = store.WithLimit(s, limit)
			if data, err := s.Get(t.Context(), "a/fits.json"); err != nil || len(data) != limit {
				t.Errorf("the largest allowed: %d bytes, %v", len(data), err)
			}
			_, err = s.Get(t.Context(), "a/large.json")
			if tooLarge, ok := errors.AsType[*store.TooLargeError](err); !ok || tooLarge.Limit != limit || !strings.Contains(err.Error(), "1024 bytes") {
				t.Errorf("one byte more: %v", err)
			}
		})
	}
}

// TestEndlessAnswer has a server that never ends what it sends, as only something that is not OSS would.
func TestEndlessAnswer(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("x-oss-request-id", "6502A2C415E3A9B73D2F1C0A")
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 1<<16)); err != nil {
				return
			}
		}
	}))
	t.Cleanup(server.Close)
	s, err := store.Open(record.Target{OSS: &record.OSSTarget{Bucket: "bucket", Endpoint: server.URL, Region: "cn-hangzhou"}}, env)
	if err != nil {
		t.Fatal(err)
	}
	_, err = store.WithLimit(s, 1<<20).Get(t.Context(), "a/b.json")
	if _, ok := errors.AsType[*store.TooLargeError](err); !ok {
		t.Errorf("an endless answer: %v", err)
	}
}

// TestMaxObject checks that the largest rejected payload can be read back: 32 MiB of which every byte is
// written as an escape.
func TestMaxObject(t *testing.T) {
	t.Parallel()
	const payload = 32 << 20
	entry, err := outcome.NewRejected("reason", make([]byte, 1<<10), outcome.Facts{Trigger: "direct", RequestID: "r", ReceivedAt: "1970-01-01T00:00:00.000Z"}).Entry()
	if err != nil {
		t.Fatal(err)
	}
	if n := (len(entry.Body) - 6<<10) + 6*payload; n > store.MaxObject {
		t.Errorf("the record of such a payload has %d bytes, more than MaxObject (%d)", n, store.MaxObject)
	}
}

// TestOddFiles checks that a store of files reads files only.
func TestOddFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "a", "b.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(record.Target{Dir: dir}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(t.Context(), "a/b.json"); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a directory: %v", err)
	}
}

func TestListingGoesOnAfterAPage(t *testing.T) {
	t.Parallel()
	target := targets(t)["oss a/b"]
	recorder := record.Open(target, env)
	const n = 1001
	for i := range n {
		if _, err := recorder.Record(t.Context(), record.Entry{Key: fmt.Sprintf("k/%04d", i), Body: []byte("{}\n")}); err != nil {
			t.Fatal(err)
		}
	}
	s, err := store.Open(target, env)
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for o, err := range s.Keys(t.Context(), "k/") {
		if err != nil || o.Key != fmt.Sprintf("k/%04d", count) {
			t.Fatalf("key %d is %q, %v", count, o.Key, err)
		}
		count++
	}
	if count != n {
		t.Errorf("%d keys, want %d", count, n)
	}
}

func TestOpenTells(t *testing.T) {
	t.Parallel()
	if _, err := store.Open(record.Target{Log: true}, env); !errors.Is(err, store.ErrLog) {
		t.Errorf("the log: %v", err)
	}
	all := targets(t)
	for name, tt := range map[string]struct {
		change func(*record.OSSTarget)
		env    func(string) string
		says   string
	}{
		"no bucket":      {func(o *record.OSSTarget) { o.Bucket = "none" }, env, "404 NoSuchBucket"},
		"no credentials": {func(*record.OSSTarget) {}, func(string) string { return "" }, "no credentials"},
		"no region":      {func(o *record.OSSTarget) { o.Region = "" }, env, "no region"},
	} {
		o := *all["oss "].OSS
		tt.change(&o)
		s, err := store.Open(record.Target{OSS: &o}, tt.env)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Days(t.Context(), "x"); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want %q", name, err, tt.says)
		}
	}
	s, err := store.Open(record.Target{Dir: filepath.Join(t.TempDir(), "none")}, env)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Days(t.Context(), "x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no directory: %v", err)
	}
}

// TestPatience breaks every other request in one of the ways that a later try mends.
func TestPatience(t *testing.T) {
	t.Parallel()
	server, err := osstest.Start(osstest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	server.SetCredentials(osstest.Credentials{AccessKeyID: env("ALIBABA_CLOUD_ACCESS_KEY_ID"), AccessKeySecret: env("ALIBABA_CLOUD_ACCESS_KEY_SECRET")})
	server.AddBucket("bucket", osstest.BucketOptions{})
	if err := server.Seed("bucket", func(yield func(string, []byte) bool) { yield("k/1", []byte("body")) }); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(record.Target{OSS: &record.OSSTarget{Bucket: "bucket", Endpoint: server.URL(), Region: server.Region()}}, env)
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range []osstest.Fault{{Status: 503}, {Status: 429}, {HTML: true}, {Break: osstest.ResetBefore}, {Break: osstest.Truncate}} {
		start := server.Stats().Requests
		server.SetFault(func(r osstest.Request) osstest.Fault {
			if (r.Seq-start)%2 == 1 {
				return fault
			}
			return osstest.Fault{}
		})
		for o, err := range s.Keys(t.Context(), "k/") {
			if err != nil || o.Key != "k/1" {
				t.Errorf("%+v: listing yields %+v, %v", fault, o, err)
			}
		}
		if body, err := s.Get(t.Context(), "k/1"); err != nil || string(body) != "body" {
			t.Errorf("%+v: Get = %q, %v", fault, body, err)
		}
	}
	server.SetFault(func(osstest.Request) osstest.Fault { return osstest.Fault{Status: 403} })
	before := server.Stats().Requests
	if _, err := s.Get(t.Context(), "k/1"); err == nil {
		t.Error("a refusal is no error")
	}
	if n := server.Stats().Requests - before; n != 1 {
		t.Errorf("a refusal was asked for %d times", n)
	}
}
