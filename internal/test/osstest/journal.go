package osstest

import (
	"net/http"
	"sync"
)

// A Request is one request as the fault hook and the log see it.
type Request struct {
	Seq    int         // 1 for the first request to this server, in order of arrival
	Before int         // how many requests for the same bucket and key, of any method, came before
	Method string      // as in "PUT"
	Bucket string      // "" if the request names none
	Key    string      // decoded; "" if the request is about the bucket, as ListObjectsV2 is
	Query  string      // as sent, without the question mark
	Header http.Header // as sent; not to be changed
}

// An Exchange is a request and its result.
type Exchange struct {
	Request
	Status int    // of the answer, also where a Fault kept it from the client; 0 if there is none (yet)
	Code   string // the error code of that answer, as in "FileAlreadyExists"; "" if it is none
}

// Stats counts what happened since the start.
type Stats struct {
	Requests    int // all requests, failed ones included
	Connections int // accepted TCP connections
	Objects     int // objects that exist now, in all buckets
	Stored      int // how often something was stored, by Seed or by a PutObject, whether or not its answer arrived
	Doubled     int // keys that were stored more than once
}

// Stats returns the counts of this moment.
func (s *Server) Stats() Stats {
	stats := s.store.count()
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	stats.Requests, stats.Connections = s.journal.seq, s.journal.connections
	return stats
}

// Requests returns the last requests, oldest first: all of them up to Config.LogSize, at most twice that.
func (s *Server) Requests() []Exchange {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	var last []Exchange
	for _, x := range s.journal.last {
		last = append(last, *x)
	}
	return last
}

// RequestsFor returns how many requests, of any method, were about this key. An empty key stands for
// requests about the bucket.
func (s *Server) RequestsFor(bucket, key string) int {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	return s.journal.keys[target{bucket, key}]
}

// A journal counts requests and remembers the last ones.
type journal struct {
	mu          sync.Mutex
	seq         int
	connections int
	keys        map[target]int
	size        int
	last        []*Exchange
}

func (j *journal) connected() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.connections++
}

// arrive counts a request. Call answered with the answer.
func (j *journal) arrive(r *http.Request, t target) *Exchange {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.keys == nil {
		j.keys = map[target]int{}
	}
	j.seq++
	x := &Exchange{Request: Request{
		Seq: j.seq, Before: j.keys[t], Method: r.Method,
		Bucket: t.bucket, Key: t.key, Query: r.URL.RawQuery, Header: r.Header.Clone(),
	}}
	j.keys[t]++
	if len(j.last) == 2*j.size {
		j.last = append(j.last[:0], j.last[j.size:]...)
	}
	j.last = append(j.last, x)
	return x
}

// answered is called before the answer is sent, so that a client which has its answer finds it logged.
func (j *journal) answered(x *Exchange, a answer) {
	j.mu.Lock()
	defer j.mu.Unlock()
	x.Status, x.Code = a.status, a.code
}
