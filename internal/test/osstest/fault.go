package osstest

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// A Break says how an exchange breaks off. The zero Break lets it end well.
type Break string

// The ways an exchange can break off. With ResetBefore and Hang nothing is done, so that nothing is
// stored; with the others the request has its full effect, which the client cannot know.
const (
	ResetBefore    Break = "reset-before"     // the connection is reset (TCP RST) instead of handling the request
	ResetAfter     Break = "reset-after"      // the request is handled, then the connection reset instead of an answer
	Hang           Break = "hang"             // no answer ever, until the client goes away or the server closes
	HangAfterStore Break = "hang-after-store" // the request is handled, then no answer as with Hang
	Truncate       Break = "truncate"         // the request is handled, then half of the answer's bytes and the end of the connection
)

// A Fault is what goes wrong with one request. The zero Fault is nothing. Fields can be combined.
//
// Note that Go's HTTP client repeats a GET or HEAD by itself when a reused connection breaks before
// the first byte of an answer; PUT and DELETE it does not repeat.
type Fault struct {
	// Delay passes before the request is handled. A client that goes away meanwhile is not served,
	// and nothing is stored.
	Delay time.Duration

	// Status, if not 0, is answered with an XML error instead of handling the request: nothing is
	// stored, and no signature is looked at.
	Status int

	// Code is the Code of that error. If empty it is the usual one of Status, as in
	// ServiceUnavailable for 503.
	Code string

	// HTML makes the answer a proxy's HTML page with Status (502 if that is 0) instead of OSS's XML.
	// Nothing is stored, as with Status.
	HTML bool

	// Break is how the exchange ends, if not with a whole answer.
	Break Break
}

// Names under which Stats counts faults that are not a Break.
const (
	FaultDelay  = "delay"
	FaultStatus = "status" // Status without HTML
	FaultHTML   = "html"
)

// SetFault makes f decide the fate of every request from now on; nil ends all faults. f is called
// once per request, from several goroutines at a time, and must not wait for the request it is asked
// about.
func (s *Server) SetFault(f func(Request) Fault) { s.faults.hook.Store(&f) }

// faults holds the hook, which requests may read while a test replaces it.
type faults struct {
	hook atomic.Pointer[func(Request) Fault]
}

func (f *faults) pick(r Request) Fault {
	if hook := f.hook.Load(); hook != nil && *hook != nil {
		return (*hook)(r)
	}
	return Fault{}
}

// names lists what Stats counts f as.
func (f Fault) names() []string {
	var names []string
	if f.Delay > 0 {
		names = append(names, FaultDelay)
	}
	if f.HTML {
		names = append(names, FaultHTML)
	} else if f.Status != 0 {
		names = append(names, FaultStatus)
	}
	if f.Break != "" {
		names = append(names, string(f.Break))
	}
	return names
}

// failure is the XML error that Status and Code ask for.
func (f Fault) failure() failure {
	code := f.Code
	if code == "" {
		switch f.Status {
		case http.StatusForbidden:
			code = "AccessDenied"
		case http.StatusServiceUnavailable:
			code = "ServiceUnavailable"
		default:
			code = "InternalError"
		}
	}
	return failure{status: f.Status, code: code, message: or(http.StatusText(f.Status), code) + " (a fault of osstest)."}
}

// before does what the fault does ahead of the request's handling. It reports whether to go on.
func (f Fault) before(w http.ResponseWriter, r *http.Request) bool {
	if !sleep(r.Context(), f.Delay) {
		panic(http.ErrAbortHandler)
	}
	switch f.Break {
	case ResetBefore:
		reset(w)
		return false
	case Hang:
		hang(r)
	}
	return true
}

// deliver sends the answer, or does to it what the fault wants.
func (f Fault) deliver(w http.ResponseWriter, r *http.Request, a answer) {
	switch f.Break {
	case ResetAfter:
		reset(w)
	case HangAfterStore:
		hang(r)
	case Truncate:
		truncate(w, r, a)
	default:
		a.send(w)
	}
}

// sleep waits for d. It reports false if ctx, that is the client or the server, ended before.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// hang ends, without an answer, when the client has gone away or the server is closed.
func hang(r *http.Request) {
	<-r.Context().Done()
	panic(http.ErrAbortHandler)
}

// reset takes the connection from net/http and closes it without lingering, which makes the kernel
// send RST instead of FIN.
func reset(w http.ResponseWriter) {
	conn := hijack(w)
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // fails only on a connection the client has closed, which needs no RST
	}
	_ = conn.Close()
}

// truncate sends the first half of the answer and then closes the connection. Where the answer has
// no body, the cut is in its header.
func truncate(w http.ResponseWriter, r *http.Request, a answer) {
	wire, err := a.wire(r)
	if err != nil {
		panic(err) // an answer that cannot be written is a mistake in this package
	}
	conn := hijack(w)
	_, _ = conn.Write(wire[:len(wire)/2])
	_ = conn.Close()
}

// hijack takes over the connection. It fails only when the connection is gone already.
func hijack(w http.ResponseWriter) net.Conn {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	return conn
}
