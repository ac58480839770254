package osstest

import (
	"crypto/md5" //nolint:gosec // OSS's checksum of contents, not a signature
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash/crc64"
	"iter"
	"net/http"
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
	s.store.buckets[name] = &bucket{options: o, objects: map[string]object{}, stored: map[string]int{}}
}

// Seed stores many objects at once, without requests: a million takes seconds. Each counts as
// a store of its key for Stored and Doubled, and replaces what is there. Bodies are kept, not copied.
// It fails, with nothing stored, if the bucket does not exist or a key is not a valid one.
func (s *Server) Seed(bucket string, objects iter.Seq2[string, []byte]) error {
	var seeds []entry
	now := s.now()
	for key, body := range objects {
		if err := checkKey(key); err != nil {
			return fmt.Errorf("osstest: seed %q: %w", key, err)
		}
		seeds = append(seeds, entry{key, object{body: body, modified: now}})
	}
	if err := s.store.seed(bucket, seeds); err != nil {
		return fmt.Errorf("osstest: seed bucket %q: %w", bucket, err)
	}
	return nil
}

// Object returns the content of an object, not to be changed, and whether there is one.
func (s *Server) Object(bucket, key string) ([]byte, bool) {
	o, err := s.store.get(target{bucket, key})
	return o.body, err == nil
}

// Objects yields keys and contents, not to be changed, in order of keys. Objects that come or go
// meanwhile may be missed. A bucket that does not exist is empty.
func (s *Server) Objects(bucket string) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		q := listing{max: maxPage}
		for more := true; more; {
			p, err := s.store.page(bucket, q)
			if err != nil {
				return
			}
			for _, c := range p.objects {
				if !yield(c.key, c.body) {
					return
				}
			}
			q.from, more = p.next, p.more
		}
	}
}

// Stored returns how many times the key was stored, overwritten and deleted objects included: more
// than 1 is what forbidding to overwrite should prevent.
func (s *Server) Stored(bucket, key string) int {
	s.store.mu.RLock()
	defer s.store.mu.RUnlock()
	if b := s.store.buckets[bucket]; b != nil {
		return b.stored[key]
	}
	return 0
}

func (s *Server) putObject(r *http.Request, t target, body []byte) (answer, error) {
	if r.Header.Get("X-Oss-Copy-Source") != "" {
		return answer{}, notImplemented("CopyObject")
	}
	if len(body) > maxBody {
		return answer{}, errEntityTooLarge
	}
	if sent := r.Header.Get("Content-Md5"); sent != "" && sent != base64.StdEncoding.EncodeToString(digest(body)) {
		return answer{}, errInvalidDigest
	}
	forbid := r.Header.Get("X-Oss-Forbid-Overwrite")
	if forbid != "" && forbid != "true" && forbid != "false" {
		return answer{}, errForbidOverwrite
	}
	o := object{body: body, header: kept(r.Header), modified: s.now()}
	version, err := s.store.put(t, o, forbid == "true")
	if err != nil {
		return answer{}, err
	}
	a := newAnswer(http.StatusOK, "", nil)
	a.header.Set("ETag", o.etag())
	a.header.Set("X-Oss-Hash-Crc64ecma", o.crc())
	if version != 0 {
		a.header.Set("X-Oss-Version-Id", fmt.Sprintf("V%d", version))
	}
	return a, nil
}

// getObject answers GET and HEAD; net/http leaves out the body of the latter.
func (s *Server) getObject(t target) (answer, error) {
	o, err := s.store.get(t)
	if err != nil {
		return answer{}, err
	}
	a := newAnswer(http.StatusOK, "application/octet-stream", o.body)
	for name, values := range o.header {
		a.header[name] = values
	}
	a.header.Set("ETag", o.etag())
	a.header.Set("Last-Modified", o.modified.UTC().Format(http.TimeFormat))
	a.header.Set("X-Oss-Hash-Crc64ecma", o.crc())
	a.header.Set("X-Oss-Object-Type", "Normal")
	a.header.Set("X-Oss-Storage-Class", "Standard")
	return a, nil
}

// deleteObject answers 204 whether or not there was an object.
func (s *Server) deleteObject(t target) (answer, error) {
	if err := s.store.remove(t); err != nil {
		return answer{}, err
	}
	return newAnswer(http.StatusNoContent, "", nil), nil
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
	header   http.Header // what GET and HEAD repeat from the PUT
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

// kept selects the headers that belong to the object.
func kept(header http.Header) http.Header {
	keep := http.Header{}
	for name, values := range header {
		switch name {
		case "Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Type", "Expires":
			keep[name] = values
		default:
			if strings.HasPrefix(name, "X-Oss-Meta-") {
				keep[name] = values
			}
		}
	}
	return keep
}

// A bucket holds objects by key; index has the same keys, sorted.
type bucket struct {
	options BucketOptions
	objects map[string]object
	stored  map[string]int
	index   index
}

// A store is all buckets. One lock over check and write makes forbidding to overwrite atomic.
type store struct {
	mu      sync.RWMutex
	buckets map[string]*bucket
	puts    int
	doubled int
}

func (st *store) has(name string) bool {
	st.mu.RLock()
	defer st.mu.RUnlock()
	return st.buckets[name] != nil
}

// find returns the bucket. The lock is the caller's.
func (st *store) find(name string) (*bucket, error) {
	if b := st.buckets[name]; b != nil {
		return b, nil
	}
	return nil, errNoSuchBucket.with("BucketName", name)
}

// put stores o. It returns a version number if the bucket has versions, else 0.
func (st *store) put(t target, o object, forbid bool) (version int, err error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	b, err := st.find(t.bucket)
	if err != nil {
		return 0, err
	}
	_, exists := b.objects[t.key]
	if exists && forbid && !b.options.Versioned {
		return 0, errFileAlreadyExists.with("ObjectName", t.key)
	}
	if !exists {
		b.index.insert(t.key)
	}
	b.objects[t.key] = o
	st.tally(b, t.key)
	st.puts++
	if b.options.Versioned {
		version = st.puts
	}
	return version, nil
}

func (st *store) tally(b *bucket, key string) {
	b.stored[key]++
	if b.stored[key] == 2 {
		st.doubled++
	}
}

func (st *store) get(t target) (object, error) {
	st.mu.RLock()
	defer st.mu.RUnlock()
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

func (st *store) remove(t target) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	b, err := st.find(t.bucket)
	if err != nil {
		return err
	}
	if _, ok := b.objects[t.key]; ok {
		delete(b.objects, t.key)
		b.index.remove(t.key)
	}
	return nil
}

func (st *store) seed(name string, seeds []entry) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	b, err := st.find(name)
	if err != nil {
		return err
	}
	keys := make([]string, len(seeds))
	for i, seed := range seeds {
		keys[i] = seed.key
		b.objects[seed.key] = seed.object
		st.tally(b, seed.key)
	}
	b.index.load(keys)
	return nil
}

// count adds to stats what the store knows.
func (st *store) count(stats *Stats) {
	st.mu.RLock()
	defer st.mu.RUnlock()
	stats.Stored, stats.Doubled = st.puts, st.doubled
	for _, b := range st.buckets {
		stats.Objects += len(b.objects)
	}
}
