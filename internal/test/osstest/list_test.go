package osstest

import (
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/aliyun/aliyun-oss-go-sdk/oss"
)

// list collects all pages. Each has to be full but for the last.
func list(t *testing.T, b *oss.Bucket, size int, options ...oss.Option) (keys, prefixes []string) {
	t.Helper()
	token := ""
	for {
		page, err := b.ListObjectsV2(append([]oss.Option{oss.MaxKeys(size), oss.ContinuationToken(token)}, options...)...)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.Objects {
			keys = append(keys, o.Key)
		}
		prefixes = append(prefixes, page.CommonPrefixes...)
		n := len(page.Objects) + len(page.CommonPrefixes)
		if n > size || (page.IsTruncated && n != size) {
			t.Fatalf("page of %d, truncated %t, size %d", n, page.IsTruncated, size)
		}
		if !page.IsTruncated {
			return keys, prefixes
		}
		token = page.NextContinuationToken
	}
}

// TestListAgainstModel compares listings of random keys with ones made the obvious way.
func TestListAgainstModel(t *testing.T) {
	t.Parallel()
	s := start(t, Config{})
	b := sdk(t, s, testCredentials)
	random := rand.New(rand.NewPCG(1, 2))
	word := func(alphabet string, longest int) string {
		runes := []rune(alphabet)
		w := make([]rune, random.IntN(longest+1))
		for i := range w {
			w[i] = runes[random.IntN(len(runes))]
		}
		return string(w)
	}
	all := map[string][]byte{}
	for range 200 {
		all["a"+word("ab/é +%\x01", 5)] = []byte("x")
	}
	if err := s.Seed(testBucket, maps.All(all)); err != nil {
		t.Fatal(err)
	}
	for range 50 {
		prefix, after, size := word("ab/é", 2), word("ab/é", 4), 1+random.IntN(20)
		if prefix != "" {
			prefix = "a" + prefix[1:]
		}
		prefix = strings.ToValidUTF8(prefix, "")
		delimiter := []string{"", "/", "b/", "é"}[random.IntN(4)]
		var wantKeys, wantPrefixes []string
		for _, key := range slices.Sorted(maps.Keys(all)) {
			if !strings.HasPrefix(key, prefix) || key <= after {
				continue
			}
			if i := strings.Index(key[len(prefix):], delimiter); delimiter != "" && i >= 0 {
				wantPrefixes = append(wantPrefixes, key[:len(prefix)+i+len(delimiter)])
			} else {
				wantKeys = append(wantKeys, key)
			}
		}
		wantPrefixes = slices.Compact(wantPrefixes)
		keys, prefixes := list(t, b, size, oss.Prefix(prefix), oss.Delimiter(delimiter), oss.StartAfter(after))
		if !slices.Equal(keys, wantKeys) || !slices.Equal(prefixes, wantPrefixes) {
			t.Errorf("prefix %q, delimiter %q, after %q, by %d:\ngot  %q %q\nwant %q %q", prefix, delimiter, after, size, keys, prefixes, wantKeys, wantPrefixes)
		}
	}
}

func TestListParameters(t *testing.T) {
	t.Parallel()
	s := start(t, Config{})
	b := sdk(t, s, testCredentials)
	if err := s.Seed(testBucket, numbered(101)); err != nil {
		t.Fatal(err)
	}
	page, err := b.ListObjectsV2()
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Objects) != 100 || !page.IsTruncated || page.MaxKeys != 100 {
		t.Errorf("default page has %d of %d objects", len(page.Objects), page.MaxKeys)
	}
	o := page.Objects[0]
	if o.Key != "p/0/0000000" || o.ETag != `"9DD4E461268C8034F5C8564E155C67A6"` || o.Size != 1 || o.LastModified.IsZero() {
		t.Errorf("object is %+v", o)
	}
	if page, err := b.ListObjectsV2(oss.MaxKeys(1000)); err != nil || len(page.Objects) != 101 || page.IsTruncated || page.NextContinuationToken != "" {
		t.Errorf("%d objects, %v", len(page.Objects), err)
	}
	for name, option := range map[string]oss.Option{
		"max-keys 0": oss.MaxKeys(0), "max-keys 1001": oss.MaxKeys(1001), "max-keys x": oss.AddParam("max-keys", "x"),
		"token": oss.ContinuationToken("!"),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := b.ListObjectsV2(option)
			wantError(t, err, 400, "InvalidArgument")
		})
	}
}

// numbered yields n keys in a hundred groups.
func numbered(n int) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		body := []byte("x")
		for i := range n {
			if !yield(fmt.Sprintf("p/%d/%07d", i%100, i), body) {
				return
			}
		}
	}
}

// TestListLarge pages through more keys than an answer holds.
func TestListLarge(t *testing.T) {
	t.Parallel()
	const n = 20_000
	s := start(t, Config{})
	b := sdk(t, s, testCredentials)
	if err := s.Seed(testBucket, numbered(n)); err != nil {
		t.Fatal(err)
	}
	if err := put(b, "p/7/x", "x"); err != nil { // a single key finds its place too
		t.Fatal(err)
	}
	keys, _ := list(t, b, 150, oss.Prefix("p/7/"))
	if want := n/100 + 1; len(keys) != want || !slices.IsSorted(keys) {
		t.Errorf("%d keys, want %d, in order", len(keys), want)
	}
	keys, prefixes := list(t, b, 7, oss.Prefix("p/"), oss.Delimiter("/"))
	if len(keys) != 0 || len(prefixes) != 100 || !slices.IsSorted(prefixes) {
		t.Errorf("%d keys, %d prefixes", len(keys), len(prefixes))
	}
}
