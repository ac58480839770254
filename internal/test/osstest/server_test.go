package osstest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aliyun/aliyun-oss-go-sdk/oss"
)

const testBucket = "examplebucket"

var testCredentials = Credentials{AccessKeyID: "ak", AccessKeySecret: "secret"}

// start runs a server with one bucket and testCredentials until the test ends.
func start(t testing.TB, cfg Config) *Server {
	t.Helper()
	s, err := Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	s.AddBucket(testBucket, BucketOptions{})
	s.SetCredentials(testCredentials)
	return s
}

// sdk returns the bucket as seen through the official client, which signs with c.
func sdk(t testing.TB, s *Server, c Credentials, options ...oss.ClientOption) *oss.Bucket {
	t.Helper()
	options = append([]oss.ClientOption{
		oss.AuthVersion(oss.AuthV4), oss.Region(s.Region()), oss.SecurityToken(c.SecurityToken),
	}, options...)
	client, err := oss.New(s.URL(), c.AccessKeyID, c.AccessKeySecret, options...)
	if err != nil {
		t.Fatal(err)
	}
	bucket, err := client.Bucket(testBucket)
	if err != nil {
		t.Fatal(err)
	}
	return bucket
}

// wantError checks status and code of an error that the client decoded, and what else it says.
func wantError(t *testing.T, err error, status int, code string, says ...string) {
	t.Helper()
	var se oss.ServiceError
	if !errors.As(err, &se) {
		t.Fatalf("error is %v, want %d %s", err, status, code)
	}
	if se.StatusCode != status || se.Code != code || se.RequestID == "" || se.HostID == "" {
		t.Fatalf("error is %d %s, want %d %s (%s)", se.StatusCode, se.Code, status, code, se.RawMessage)
	}
	for _, words := range says {
		if !strings.Contains(se.RawMessage, words) {
			t.Errorf("error does not say %s: %s", words, se.RawMessage)
		}
	}
}

func put(b *oss.Bucket, key, body string, options ...oss.Option) error {
	return b.PutObject(key, strings.NewReader(body), options...)
}

func TestPutAndGet(t *testing.T) {
	t.Parallel()
	s := start(t, Config{})
	b := sdk(t, s, testCredentials)
	for _, key := range []string{"a", "dir/sub/a.json", "a b+c%2F&=?#é.json", "dir//", ".", "..", "a/../b", strings.Repeat("k", 1023)} {
		_, err := b.GetObject(key)
		wantError(t, err, 404, "NoSuchKey", "<Key>", "<EC>0026-00000001</EC>")
		// The client compares x-oss-hash-crc64ecma with a checksum of its own.
		if err := put(b, key, "body of "+key, oss.ContentType("application/json")); err != nil {
			t.Fatalf("put %q: %v", key, err)
		}
		if body, ok := s.Object(testBucket, key); !ok || string(body) != "body of "+key {
			t.Errorf("object %q is %q, %t", key, body, ok)
		}
		r, err := b.GetObject(key)
		if err != nil {
			t.Fatalf("get %q: %v", key, err)
		}
		body, err := io.ReadAll(r)
		if err != nil || string(body) != "body of "+key {
			t.Errorf("got %q, %v for key %q", body, err, key)
		}
		_ = r.Close()
		if n := s.RequestsFor(testBucket, key); n != 3 {
			t.Errorf("%d requests for %q, want 3", n, key)
		}
	}
}

// The values are published: the MD5 of "123" by OSS's signature example, the CRC-64 of "123456789" by
// every catalogue of CRCs (as CRC-64/XZ).
func TestChecksums(t *testing.T) {
	t.Parallel()
	s := start(t, Config{})
	b := sdk(t, s, testCredentials)
	var header http.Header
	if err := put(b, "a", "123456789", oss.GetResponseHeader(&header)); err != nil {
		t.Fatal(err)
	}
	if got := header.Get("X-Oss-Hash-Crc64ecma"); got != "11051210869376104954" {
		t.Errorf("CRC is %s", got)
	}
	if got := header.Get("ETag"); got != `"25F9E794323B453885F5181F1B624D0B"` {
		t.Errorf("ETag is %s", got)
	}
	if len(header.Get("X-Oss-Request-Id")) != 24 {
		t.Errorf("request ID is %q", header.Get("X-Oss-Request-Id"))
	}
	if err := put(b, "b", "123", oss.ContentMD5("ICy5YqxZB1uWSwcVLSNLcA==")); err != nil {
		t.Error(err)
	}
	wantError(t, put(b, "c", "124", oss.ContentMD5("ICy5YqxZB1uWSwcVLSNLcA==")), 400, "InvalidDigest", "<EC>0017-00000503</EC>")
	wantError(t, put(b, "c", "123", oss.ContentMD5("ICy5YqxZB1uWSw==")), 400, "InvalidDigest", "<EC>0017-00000502</EC>")
	if _, ok := s.Object(testBucket, "c"); ok {
		t.Error("stored in spite of its digest")
	}
}

func TestForbidOverwrite(t *testing.T) {
	t.Parallel()
	s := start(t, Config{})
	b := sdk(t, s, testCredentials)

	if err := put(b, "a", "first", oss.ForbidOverWrite(true)); err != nil {
		t.Fatal(err)
	}
	wantError(t, put(b, "a", "second", oss.ForbidOverWrite(true)), 409, "FileAlreadyExists", "<EC>0026-00000002</EC>")
	if body, _ := s.Object(testBucket, "a"); string(body) != "first" {
		t.Errorf("object is %q", body)
	}
	wantError(t, put(b, "a", "second", oss.SetHeader("x-oss-forbid-overwrite", "yes")), 400, "InvalidArgument")
	if err := put(b, "a", "third", oss.ForbidOverWrite(false)); err != nil {
		t.Fatal(err)
	}
	if body, _ := s.Object(testBucket, "a"); string(body) != "third" {
		t.Errorf("object is %q", body)
	}
	if stats := s.Stats(); stats.Stored != 2 || stats.Doubled != 1 || stats.Objects != 1 {
		t.Errorf("stats are %+v", stats)
	}
}

func TestVersionedBucketIgnoresForbidOverwrite(t *testing.T) {
	t.Parallel()
	s := start(t, Config{})
	s.AddBucket(testBucket, BucketOptions{Versioned: true})
	b := sdk(t, s, testCredentials)
	for i := range 3 {
		if err := put(b, "a", fmt.Sprint(i), oss.ForbidOverWrite(true)); err != nil {
			t.Fatal(err)
		}
	}
	if body, _ := s.Object(testBucket, "a"); string(body) != "2" || s.Stats().Stored != 3 || s.Stats().Doubled != 1 {
		t.Errorf("object is %q, %+v", body, s.Stats())
	}
}

func TestOneWinner(t *testing.T) {
	t.Parallel()
	const writers, rounds = 32, 8
	s := start(t, Config{})
	b := sdk(t, s, testCredentials)
	for round := range rounds {
		key := fmt.Sprint("key", round)
		var won, lost atomic.Int32
		var wg sync.WaitGroup
		for writer := range writers {
			wg.Go(func() {
				err := put(b, key, fmt.Sprint(writer), oss.ForbidOverWrite(true))
				var se oss.ServiceError
				switch {
				case err == nil:
					won.Add(1)
				case errors.As(err, &se) && se.Code == "FileAlreadyExists":
					lost.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 || lost.Load() != writers-1 {
			t.Fatalf("%d won, %d lost", won.Load(), lost.Load())
		}
	}
	stats := s.Stats()
	if stats.Requests != writers*rounds || stats.Stored != rounds || stats.Doubled != 0 {
		t.Errorf("stats are %+v", stats)
	}
	if stats.Connections < 1 || stats.Connections > stats.Requests {
		t.Errorf("%d connections", stats.Connections)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	s := start(t, Config{})
	b := sdk(t, s, testCredentials)
	for _, key := range []string{"/a", `\a`, strings.Repeat("k", 1024), strings.Repeat("é", 512), "a\xff"} {
		wantError(t, put(b, key, "x"), 400, "InvalidObjectName", "<EC>0016-00000005</EC>")
	}
	b.BucketName = "nosuchbucket"
	wantError(t, put(b, "a", "x"), 404, "NoSuchBucket")
	_, err := b.ListObjectsV2()
	wantError(t, err, 404, "NoSuchBucket")
}

func TestVirtualHosted(t *testing.T) {
	t.Parallel()
	s := start(t, Config{})
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, strings.TrimPrefix(s.URL(), "http://"))
	}
	for _, endpoint := range []string{"oss-cn-hangzhou.aliyuncs.com", "oss-cn-hangzhou-internal.aliyuncs.com"} {
		client, err := oss.New("http://"+endpoint, "ak", "secret", oss.AuthVersion(oss.AuthV4), oss.Region(s.Region()),
			oss.HTTPClient(&http.Client{Transport: &http.Transport{DialContext: dial}}))
		if err != nil {
			t.Fatal(err)
		}
		b, err := client.Bucket(testBucket)
		if err != nil {
			t.Fatal(err)
		}
		key := "dir/" + endpoint
		if err := put(b, key, "x"); err != nil {
			t.Fatal(err)
		}
		if _, ok := s.Object(testBucket, key); !ok {
			t.Errorf("no object %q", key)
		}
		page, err := b.ListObjectsV2(oss.Prefix(key))
		if err != nil || len(page.Objects) != 1 {
			t.Errorf("list: %v, %v", page, err)
		}
		b.BucketName = "nosuchbucket"
		wantError(t, put(b, key, "x"), 404, "NoSuchBucket")
	}
}

func TestNotPlayed(t *testing.T) {
	t.Parallel()
	s := start(t, Config{})
	b := sdk(t, s, testCredentials)
	_, err := b.InitiateMultipartUpload("a")
	wantError(t, err, 501, "NotImplemented")
	_, err = b.ListObjects()
	wantError(t, err, 501, "NotImplemented")
	_, err = b.ListObjectsV2(oss.FetchOwner(true))
	wantError(t, err, 501, "NotImplemented")
	_, err = b.CopyObject("a", "b")
	wantError(t, err, 501, "NotImplemented")
	_, err = b.Client.ListBuckets()
	wantError(t, err, 501, "NotImplemented")
	wantError(t, b.DeleteObject("a"), 501, "NotImplemented")
}

func TestRequests(t *testing.T) {
	t.Parallel()
	s := start(t, Config{LogSize: 3})
	b := sdk(t, s, testCredentials)
	for i := range 7 {
		if err := put(b, string("abaaaaa"[i]), "x", oss.ForbidOverWrite(true)); (err != nil) != (i > 1) {
			t.Fatal(err)
		}
	}
	log := s.Requests()
	if len(log) != 4 { // the first three are forgotten
		t.Fatalf("%d requests remembered", len(log))
	}
	for i, got := range log {
		if got.Seq != i+4 || got.Before != i+2 || got.Key != "a" || got.Status != 409 || got.Code != "FileAlreadyExists" ||
			got.Method != "PUT" || got.Bucket != testBucket || got.Header.Get("X-Oss-Forbid-Overwrite") != "true" {
			t.Errorf("request %d is %+v", i, got)
		}
	}
}

func TestObjectsAndSeed(t *testing.T) {
	t.Parallel()
	s := start(t, Config{})
	want := map[string][]byte{}
	for i := range 2500 {
		want[fmt.Sprintf("%04d", i)] = fmt.Append(nil, i)
	}
	if err := s.Seed(testBucket, maps.All(want)); err != nil {
		t.Fatal(err)
	}
	var keys []string
	for key, body := range s.Objects(testBucket) {
		keys = append(keys, key)
		if !bytes.Equal(body, want[key]) {
			t.Errorf("object %q is %q", key, body)
		}
	}
	if !slices.Equal(keys, slices.Sorted(maps.Keys(want))) {
		t.Errorf("%d keys, want %d, in order", len(keys), len(want))
	}
	for key := range s.Objects("nosuchbucket") {
		t.Errorf("object %q in no bucket", key)
	}
	if err := s.Seed("nosuchbucket", maps.All(want)); err == nil {
		t.Error("seeded no bucket")
	}
	if err := s.Seed(testBucket, maps.All(map[string][]byte{"/": nil})); err == nil {
		t.Error("seeded an invalid key")
	}
}

func TestCloseTwiceAndReadAfterwards(t *testing.T) {
	t.Parallel()
	s := start(t, Config{})
	b := sdk(t, s, testCredentials)
	if err := put(b, "a", "x"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := put(b, "b", "x"); err == nil {
		t.Error("a closed server answers")
	}
	if s.Stats().Objects != 1 {
		t.Errorf("stats are %+v", s.Stats())
	}
}
