package osstest

import (
	"crypto/md5" //nolint:gosec // OSS's checksum of contents, not a signature
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash/crc64"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// maxKey is the longest key, in bytes, of "Object naming conventions",
// https://www.alibabacloud.com/help/en/oss/user-guide/object-naming-conventions.
const maxKey = 1023

// BucketOptions say how a bucket behaves.
type BucketOptions struct {
	// Versioned makes x-oss-forbid-overwrite void, as it is once versioning is enabled or suspended:
	// each PutObject replaces the object. Older versions cannot be read here.
	Versioned bool
}

// AddBucket creates a bucket. The options of an existing one change, its objects stay.
func (s *Server) AddBucket(name string, o BucketOptions) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	if b := s.store.buckets[name]; b != nil {
		b.options = o
		return
	}
	if s.store.buckets == nil {
		s.store.buckets = map[string]*bucket{}
	}
	s.store.buckets[name] = &bucket{options: o, objects: map[string]object{}}
}

// Seed stores many objects at once, without requests: a million takes seconds. It replaces what is there.
// Bodies are kept, not copied. It fails if the bucket does not exist or a key is not a valid one.
func (s *Server) Seed(bucket string, objects iter.Seq2[string, []byte]) error {
	for key, body := range objects {
		err := checkKey(key)
		if err == nil {
			err = s.store.put(target{bucket, key}, object{body: body, modified: s.now()}, false)
		}
		if err != nil {
			return fmt.Errorf("osstest: seed %s/%q: %w", bucket, key, err)
		}
	}
	return nil
}

// Object returns the content of an object, not to be changed, and whether there is one.
func (s *Server) Object(bucket, key string) ([]byte, bool) {
	o, err := s.store.get(target{bucket, key})
	return o.body, err == nil
}

// Objects yields keys and contents, not to be changed, in order of keys. A bucket that does not exist is
// empty.
func (s *Server) Objects(bucket string) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		all, _ := s.store.page(bucket, listing{max: -1})
		for _, o := range all.objects {
			if !yield(o.key, o.body) {
				return
			}
		}
	}
}

func (s *Server) putObject(r *http.Request, t target, body []byte) (answer, error) {
	if len(body) > maxBody {
		return answer{}, errEntityTooLarge
	}
	if err := checkDigest(r.Header.Get("Content-Md5"), body); err != nil {
		return answer{}, err
	}
	forbid := r.Header.Get("X-Oss-Forbid-Overwrite")
	if forbid != "" && forbid != "true" && forbid != "false" {
		return answer{}, errForbidOverwrite
	}
	o := object{body: body, modified: s.now()}
	if err := s.store.put(t, o, forbid == "true"); err != nil {
		return answer{}, err
	}
	a := newAnswer(http.StatusOK, "", nil)
	a.header.Set("ETag", o.etag())
	a.header.Set("X-Oss-Hash-Crc64ecma", o.crc())
	return a, nil
}

func (s *Server) getObject(t target) (answer, error) {
	o, err := s.store.get(t)
	if err != nil {
		return answer{}, err
	}
	a := newAnswer(http.StatusOK, "application/octet-stream", o.body)
	a.header.Set("ETag", o.etag())
	a.header.Set("Last-Modified", o.modified.UTC().Format(http.TimeFormat))
	a.header.Set("X-Oss-Hash-Crc64ecma", o.crc())
	return a, nil
}

// checkDigest compares a Content-MD5 with the body that arrived.
func checkDigest(sent string, body []byte) error {
	if sent == "" {
		return nil
	}
	sum, err := base64.StdEncoding.DecodeString(sent)
	if err != nil || len(sum) != md5.Size {
		return errInvalidDigest
	}
	if !slices.Equal(sum, digest(body)) {
		return errOtherDigest
	}
	return nil
}

func checkKey(key string) error {
	if key == "" || len(key) > maxKey || key[0] == '/' || key[0] == '\\' || !utf8.ValidString(key) {
		return errInvalidObjectName.with("ObjectName", key)
	}
	return nil
}

// An object is never changed, only replaced, so that it can be read without the store's lock.
type object struct {
	body     []byte
	modified time.Time
}

var ecma = crc64.MakeTable(crc64.ECMA)

func digest(body []byte) []byte {
	sum := md5.Sum(body) //nolint:gosec // as with the import
	return sum[:]
}

func (o object) etag() string {
	return `"` + strings.ToUpper(hex.EncodeToString(digest(o.body))) + `"`
}

func (o object) crc() string { return strconv.FormatUint(crc64.Checksum(o.body, ecma), 10) }

// A bucket holds objects by key.
type bucket struct {
	options BucketOptions
	objects map[string]object
	keys    []string // of the objects, in order up to sorted, where a listing left off
	sorted  int
	doubled map[string]bool // the keys that were stored more than once
}

// inOrder returns all keys in byte order, the order of OSS's listings.
func (b *bucket) inOrder() []string {
	if b.sorted < len(b.keys) {
		slices.Sort(b.keys)
		b.sorted = len(b.keys)
	}
	return b.keys
}

// A store holds all buckets. One lock covers check and write, so that forbid-overwrite is atomic.
type store struct {
	mu      sync.Mutex
	buckets map[string]*bucket
	puts    int
}

func (st *store) has(name string) bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.buckets[name] != nil
}

// find returns the bucket. The caller holds the lock.
func (st *store) find(name string) (*bucket, error) {
	if b := st.buckets[name]; b != nil {
		return b, nil
	}
	return nil, errNoSuchBucket.with("BucketName", name)
}

func (st *store) put(t target, o object, forbid bool) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	b, err := st.find(t.bucket)
	if err != nil {
		return err
	}
	_, exists := b.objects[t.key]
	switch {
	case exists && forbid && !b.options.Versioned:
		return errFileAlreadyExists.with("ObjectName", t.key)
	case exists && b.doubled == nil:
		b.doubled = map[string]bool{t.key: true}
	case exists:
		b.doubled[t.key] = true
	default:
		b.keys = append(b.keys, t.key)
	}
	b.objects[t.key] = o
	st.puts++
	return nil
}

func (st *store) get(t target) (object, error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	b, err := st.find(t.bucket)
	if err != nil {
		return object{}, err
	}
	o, ok := b.objects[t.key]
	if !ok {
		return object{}, errNoSuchKey.with("Key", t.key)
	}
	return o, nil
}

// count returns the store's part of the Stats.
func (st *store) count() (stats Stats) {
	st.mu.Lock()
	defer st.mu.Unlock()
	stats.Stored = st.puts
	for _, b := range st.buckets {
		stats.Objects += len(b.objects)
		stats.Doubled += len(b.doubled)
	}
	return stats
}
