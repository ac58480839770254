// Package osstest simulates Alibaba Cloud OSS for tests: a real HTTP server on a loopback port. It follows the
// documentation of OSS, not the code of its SDK, so that a client that signs, names or lists incorrectly fails in the
// same way as with OSS.
//
// It supports PutObject, GetObject and ListObjectsV2, in path style (/BUCKET/KEY, which SDKs use for IP
// endpoints) and virtual-hosted (BUCKET.oss-REGION.aliyuncs.com). Every request must carry a V4 signature
// in its Authorization header. Other requests are answered with 501 NotImplemented.
//
// A Fault makes single requests fail the way networks, proxies and overloaded services do. Stats, Requests
// and Objects report afterwards what the clients did.
package osstest

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"time"
)

// DefaultRegion is the region of every server.
const DefaultRegion = "cn-hangzhou"

// maxBody bounds what one PutObject may send: far above a test's needs, far below OSS's 5 GB.
const maxBody = 64 << 20

// Config configures a server. The zero Config is usable.
type Config struct {
	Now     func() time.Time // the server's clock; nil is time.Now. Called from several goroutines
	LogSize int              // how many requests Requests remembers at least; 0 is 1000
}

// A Server is a running OSS. Its methods are safe for concurrent use.
type Server struct {
	now     func() time.Time
	store   store
	journal journal
	keys    keyring
	fault   atomic.Pointer[func(Request) Fault]
	http    *httptest.Server
	cancel  context.CancelFunc // ends the context of every request
}

// Start listens on a free port and serves until Close. The server has neither buckets nor credentials yet:
// see AddBucket and SetCredentials.
func Start(cfg Config) (*Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("osstest: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{now: cfg.Now, cancel: cancel}
	if s.now == nil {
		s.now = time.Now
	}
	s.journal.size = cmp.Or(cfg.LogSize, 1000)
	s.http = &httptest.Server{Listener: listener, Config: &http.Server{
		Handler:           http.HandlerFunc(s.serveHTTP),
		ReadHeaderTimeout: time.Minute,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				s.journal.connected()
			}
		},
	}}
	s.http.Start()
	return s, nil
}

// URL returns the endpoint for path-style clients, as in "http://127.0.0.1:34567".
func (s *Server) URL() string { return s.http.URL }

// Region returns the region ID that requests must be signed for.
func (s *Server) Region() string { return DefaultRegion }

// Close breaks all connections and returns once every handler has ended, the hanging ones included.
// What was stored and counted can still be read. The error is always nil.
func (s *Server) Close() error {
	s.cancel()
	s.http.CloseClientConnections()
	s.http.Close()
	return nil
}

// SetFault makes f decide what goes wrong with every request from now on; nil ends all faults. f is called
// once for each request, from several goroutines, and must not wait for the request it is asked about.
func (s *Server) SetFault(f func(Request) Fault) { s.fault.Store(&f) }

// serveHTTP handles one exchange, from the request to the answer or the fault. It does not use an http.ServeMux, because
// a ServeMux cleans paths, and OSS uses keys literally.
func (s *Server) serveHTTP(w http.ResponseWriter, r *http.Request) {
	t := s.target(r)
	x := s.journal.arrive(r, t)
	// The body is read before anything else: clients do not look for an answer while they still send,
	// and net/http notices a client that goes away only after the body's end.
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		panic(http.ErrAbortHandler) // an incomplete request: the client has disconnected
	}
	var fault Fault
	if f := s.fault.Load(); f != nil && *f != nil {
		fault = (*f)(x.Request)
	}
	if fault.Damage && len(body) > 0 {
		body = bytes.Clone(body)
		body[len(body)/2] ^= 1
	}
	fault.before(w, r)
	a := s.answer(r, t, body, fault, fmt.Sprintf("%08X%016X", s.now().Unix(), x.Seq)) // 24 digits, as OSS's IDs are
	s.journal.answered(x, a)
	fault.deliver(w, r, a)
}

// answer returns the answer to a request. A fault may still lose it.
func (s *Server) answer(r *http.Request, t target, body []byte, fault Fault, id string) answer {
	if fault.HTML {
		return htmlAnswer(cmp.Or(fault.Status, http.StatusBadGateway))
	}
	var a answer
	var err error
	switch {
	case fault.Status == 0:
		a, err = s.handle(r, t, body)
	case fault.Status < 300:
		a = newAnswer(fault.Status, "", nil)
	default:
		err = fault.failure()
	}
	if err != nil {
		a = failureAnswer(r, err, id)
	}
	a.header.Set("Server", "AliyunOSS")
	a.header.Set("X-Oss-Request-Id", id)
	a.header.Set("X-Oss-Server-Time", "1")
	return a
}

// handle does what the request asks for. A bucket that does not exist is noticed before the
// signature, as OSS looks for the bucket in order to route the request.
func (s *Server) handle(r *http.Request, t target, body []byte) (answer, error) {
	if t.bucket == "" {
		return answer{}, notImplemented("requests without a bucket")
	}
	if !s.store.has(t.bucket) {
		return answer{}, errNoSuchBucket.with("BucketName", t.bucket)
	}
	if err := s.authenticate(r, t); err != nil {
		return answer{}, err
	}
	if t.key == "" {
		return s.handleBucket(r, t)
	}
	if err := checkKey(t.key); err != nil {
		return answer{}, err
	}
	switch {
	case r.URL.RawQuery != "" || r.Header.Get("X-Oss-Copy-Source") != "":
	case r.Method == http.MethodPut:
		return s.putObject(r, t, body)
	case r.Method == http.MethodGet:
		return s.getObject(t)
	}
	return answer{}, notImplemented("object requests other than PutObject and GetObject")
}

// A target is what a request is about. Key is empty for requests about the bucket.
type target struct{ bucket, key string }

// target reads bucket and key from the Host header and the decoded path, in which it does not matter
// whether the client sent the key's slashes as they are or as %2F.
func (s *Server) target(r *http.Request) target {
	path := strings.TrimPrefix(r.URL.Path, "/")
	for _, endpoint := range []string{".oss-" + DefaultRegion + ".aliyuncs.com", ".oss-" + DefaultRegion + "-internal.aliyuncs.com"} {
		if bucket, ok := strings.CutSuffix(r.Host, endpoint); ok {
			return target{bucket, path}
		}
	}
	bucket, key, _ := strings.Cut(path, "/")
	return target{bucket, key}
}
