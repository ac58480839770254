package osstest

import (
	"fmt"
	"maps"
	"net/http"
	"sync"
	"time"
)

// A Request is one request as the fault hook and the log see it.
type Request struct {
	Seq    int         // 1 for the first request to this server, in order of arrival
	Before int         // how many requests for the same bucket and key, of any method, came before
	Method string      // as in "PUT"
	Host   string      // the Host header: "BUCKET.ENDPOINT" in virtual-hosted style
	Bucket string      // "" if the request names none
	Key    string      // decoded; "" if the request is about the bucket, as ListObjectsV2 is
	Query  string      // as sent, without the question mark
	Header http.Header // as sent; not to be changed
}

// An Exchange is a request and what became of it.
type Exchange struct {
	Request
	RequestID string    // the x-oss-request-id of the answer
	Time      time.Time // of the request's arrival, by the server's clock
	Fault     Fault     // what the fault hook said
	Status    int       // of the answer, also where a Fault kept it from the client; 0 if there is none (yet)
	Code      string    // the error code of that answer, as in "FileAlreadyExists"; "" if it is none
}

// Stats counts what happened since the start.
type Stats struct {
	Requests    int            // all requests, failed ones included
	Methods     map[string]int // requests by method
	Connections int            // accepted TCP connections
	Faults      map[string]int // faults by name: FaultDelay, FaultStatus, FaultHTML or a Break
	Objects     int            // objects that exist now, in all buckets
	Stored      int            // PutObject requests that stored something, whether or not the answer arrived
	Doubled     int            // keys that were stored more than once
}

// Stats returns the counts of this moment.
func (s *Server) Stats() Stats {
	stats := s.journal.stats()
	s.store.count(&stats)
	return stats
}

// Requests returns the last requests, Config.LogSize of them at most, oldest first.
func (s *Server) Requests() []Exchange { return s.journal.last() }

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
	methods     map[string]int
	keys        map[target]int
	faults      map[string]int
	ring        []*Exchange // the exchange with number seq is at seq % len
}

func (j *journal) init(size int) {
	j.methods, j.keys, j.faults = map[string]int{}, map[target]int{}, map[string]int{}
	j.ring = make([]*Exchange, size)
}

func (j *journal) connected() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.connections++
}

// arrive counts a request. What becomes of the exchange is told with faulted and answered.
func (j *journal) arrive(r *http.Request, t target, now time.Time) *Exchange {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.seq++
	x := &Exchange{
		Request: Request{
			Seq: j.seq, Before: j.keys[t], Method: r.Method, Host: r.Host,
			Bucket: t.bucket, Key: t.key, Query: r.URL.RawQuery, Header: r.Header.Clone(),
		},
		RequestID: fmt.Sprintf("%08X%016X", now.Unix(), j.seq), // 24 digits, as OSS's are
		Time:      now,
	}
	j.methods[r.Method]++
	j.keys[t]++
	j.ring[j.seq%len(j.ring)] = x
	return x
}

func (j *journal) faulted(x *Exchange, f Fault) {
	j.mu.Lock()
	defer j.mu.Unlock()
	x.Fault = f
	for _, name := range f.names() {
		j.faults[name]++
	}
}

// answered is told before the answer is sent, so that a client which has its answer finds it logged.
func (j *journal) answered(x *Exchange, a answer) {
	j.mu.Lock()
	defer j.mu.Unlock()
	x.Status, x.Code = a.status, a.code
}

func (j *journal) last() []Exchange {
	j.mu.Lock()
	defer j.mu.Unlock()
	var last []Exchange
	for seq := max(1, j.seq-len(j.ring)+1); seq <= j.seq; seq++ {
		last = append(last, *j.ring[seq%len(j.ring)])
	}
	return last
}

func (j *journal) stats() Stats {
	j.mu.Lock()
	defer j.mu.Unlock()
	return Stats{
		Requests: j.seq, Methods: maps.Clone(j.methods),
		Connections: j.connections, Faults: maps.Clone(j.faults),
	}
}
