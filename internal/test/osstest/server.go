// Package osstest plays Alibaba Cloud OSS: a real HTTP server on a loopback port for tests and soak
// runs, offline. It is written from the rules OSS publishes, not from its SDK's code, so that a client
// which signs, names or lists wrongly fails here as it would there.
//
// It knows PutObject, GetObject, HeadObject, DeleteObject and ListObjectsV2, in path style
// (/BUCKET/KEY, which SDKs use for IP endpoints) and virtual-hosted (BUCKET.oss-REGION.aliyuncs.com).
// Every request has to carry a V4 signature in its Authorization header. What the real service can do
// beyond that (multipart uploads, signed URLs, access policies, reading old versions, …) is answered
// with 501 NotImplemented, or, where it is a mere request header such as Range, ignored.
//
// A Fault makes single requests fail the way networks, proxies and overloaded services do. Stats,
// Requests and Objects tell afterwards what the clients did.
package osstest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// DefaultRegion is the region of a server whose Config names none.
const DefaultRegion = "cn-hangzhou"

// maxBody bounds what one PutObject may send: far above a test's needs, far below OSS's 5 GB.
const maxBody = 64 << 20

// Config says what kind of OSS to play. The zero Config is usable.
type Config struct {
	Addr    string           // where to listen; "" is a free port of 127.0.0.1
	Region  string           // plain region ID, as in "cn-shanghai"; "" is DefaultRegion
	Now     func() time.Time // the server's clock; nil is time.Now. Called from several goroutines
	LogSize int              // how many requests Requests remembers; 0 is 1000
}

// A Server is a running OSS. Its methods are safe for concurrent use.
type Server struct {
	region string
	now    func() time.Time
	url    string

	store       store
	journal     journal
	credentials credentials
	faults      faults

	http   http.Server
	cancel context.CancelFunc // ends the context of every request
	served chan struct{}      // closed when the accept loop has ended

	mu       sync.Mutex // orders closed and handlers.Add, which must not meet handlers.Wait at zero
	closed   bool
	handlers sync.WaitGroup
}

// Start listens and serves until Close. The server has neither buckets nor credentials yet: see
// AddBucket and SetCredentials. It fails if cfg.Addr cannot be listened on.
func Start(cfg Config) (*Server, error) {
	listener, err := net.Listen("tcp", or(cfg.Addr, "127.0.0.1:0"))
	if err != nil {
		return nil, fmt.Errorf("osstest: %w", err)
	}
	s := &Server{region: or(cfg.Region, DefaultRegion), now: cfg.Now, url: "http://" + listener.Addr().String()}
	if s.now == nil {
		s.now = time.Now
	}
	s.journal.init(or(cfg.LogSize, 1000))
	s.serve(listener)
	return s, nil
}

// or returns value, or its default where value says nothing.
func or[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

func (s *Server) serve(listener net.Listener) {
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	s.served = make(chan struct{})
	s.http = http.Server{
		Handler:           http.HandlerFunc(s.serveHTTP),
		ReadHeaderTimeout: time.Minute,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				s.journal.connected()
			}
		},
	}
	go func() {
		defer close(s.served)
		_ = s.http.Serve(listener) // always an error: the one that Close caused
	}()
}

// URL returns the endpoint for path-style clients, as in "http://127.0.0.1:34567".
func (s *Server) URL() string { return s.url }

// Region returns the region ID that requests have to be signed for.
func (s *Server) Region() string { return s.region }

// Close breaks all connections and returns once every handler has ended, the hanging ones included.
// What was stored and counted can still be read. Closing twice is no error.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()

	s.cancel()
	err := s.http.Close()
	s.handlers.Wait()
	<-s.served
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("osstest: %w", err)
	}
	return nil
}

// begin registers a handler for Close to wait for. It reports false if the server is closed.
func (s *Server) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.handlers.Add(1)
	}
	return !s.closed
}

// serveHTTP is one exchange, from the request to the answer or the fault in its place. There is no
// http.ServeMux before it: that would clean paths, and OSS takes keys literally.
func (s *Server) serveHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.begin() {
		panic(http.ErrAbortHandler)
	}
	defer s.handlers.Done()

	t := s.target(r)
	x := s.journal.arrive(r, t, s.now())
	// The body is read before anything else: clients do not look for an answer while they still send,
	// and net/http notices a client that goes away only after the body's end.
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		panic(http.ErrAbortHandler) // half a request: nobody is left to answer
	}
	fault := s.faults.pick(x.Request)
	s.journal.faulted(x, fault)
	if !fault.before(w, r) {
		return
	}
	a := s.answer(r, t, body, fault, x.RequestID)
	s.journal.answered(x, a)
	fault.deliver(w, r, a)
}

// answer is what the client gets to see unless the answer is lost.
func (s *Server) answer(r *http.Request, t target, body []byte, fault Fault, id string) answer {
	if fault.HTML {
		return htmlAnswer(or(fault.Status, http.StatusBadGateway))
	}
	var a answer
	var err error
	if fault.Status != 0 {
		err = fault.failure()
	} else {
		a, err = s.handle(r, t, body)
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
	if r.URL.RawQuery != "" {
		return answer{}, notImplemented("object request with query " + r.URL.RawQuery)
	}
	switch r.Method {
	case http.MethodPut:
		return s.putObject(r, t, body)
	case http.MethodGet, http.MethodHead:
		return s.getObject(t)
	case http.MethodDelete:
		return s.deleteObject(t)
	}
	return answer{}, notImplemented("method " + r.Method)
}

// A target is what a request is about. Key is empty for requests about the bucket.
type target struct{ bucket, key string }

// target reads bucket and key from the Host header and the decoded path, in which it does not matter
// whether the client sent the key's slashes as they are or as %2F.
func (s *Server) target(r *http.Request) target {
	path := strings.TrimPrefix(r.URL.Path, "/")
	if bucket := s.hostBucket(r.Host); bucket != "" {
		return target{bucket, path}
	}
	bucket, key, _ := strings.Cut(path, "/")
	return target{bucket, key}
}

// hostBucket returns the bucket of a virtual-hosted request, or "".
func (s *Server) hostBucket(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	for _, endpoint := range []string{".oss-" + s.region + ".aliyuncs.com", ".oss-" + s.region + "-internal.aliyuncs.com", ".localhost"} {
		if bucket, ok := strings.CutSuffix(host, endpoint); ok {
			return bucket
		}
	}
	return ""
}
