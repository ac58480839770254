package osstest

import (
	"bytes"
	"cmp"
	"net"
	"net/http"
	"time"
)

// A Break says how an exchange is interrupted. The zero Break does not interrupt it.
type Break string

// The ways in which an exchange can be interrupted. With ResetBefore and Hang the request is not handled, so nothing is
// stored. With the others the request is handled, but the client cannot know that.
const (
	ResetBefore    Break = "reset-before"     // the connection is reset (TCP RST) instead of handling the request
	ResetAfter     Break = "reset-after"      // the request is handled, then the connection reset instead of an answer
	Hang           Break = "hang"             // no answer ever, until the client goes away or the server closes
	HangAfterStore Break = "hang-after-store" // the request is handled, then no answer as with Hang
	Truncate       Break = "truncate"         // the request is handled, then half of the answer's bytes and the end of the connection
	Endless        Break = "endless"          // the request is handled, then an answer whose body goes on until the client goes away
)

// A Fault describes what goes wrong with one request. The zero Fault means no fault. Fields can be combined.
//
// Note that Go's HTTP client repeats a GET by itself when a reused connection breaks before the first byte
// of an answer; a PUT it does not repeat.
type Fault struct {
	// Delay passes before the request is handled. A client that goes away meanwhile is not served,
	// and nothing is stored.
	Delay time.Duration

	// Damage changes the request's body on its way, before the request is handled.
	Damage bool

	// Status, if not 0, is answered instead of handling the request: nothing is stored, and no signature
	// is looked at. From 300 on the answer has an XML error, below it has no body.
	Status int

	// Code is the Code of that error. If empty it is the usual one of Status, as in
	// ServiceUnavailable for 503.
	Code string

	// HTML replaces the answer by that of a proxy: an HTML page with Status (502 if that is 0) and without headers of
	// OSS. Nothing is stored, as with Status.
	HTML bool

	// Break is how the exchange ends, if not with a whole answer.
	Break Break
}

// failure is the XML error that Status and Code ask for.
func (f Fault) failure() failure {
	usual := map[int]string{403: "AccessDenied", 408: "RequestTimeout", 503: "ServiceUnavailable"}[f.Status]
	code := cmp.Or(f.Code, usual, "InternalError")
	return failure{status: f.Status, code: code, message: cmp.Or(http.StatusText(f.Status), code) + " (a fault of osstest)."}
}

// before does what the fault does ahead of the request's handling.
func (f Fault) before(w http.ResponseWriter, r *http.Request) {
	if f.Delay > 0 {
		select {
		case <-time.After(f.Delay):
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	}
	switch f.Break {
	case ResetBefore:
		reset(w)
	case Hang:
		hang(r)
	}
}

// deliver sends the answer, changed by the fault.
func (f Fault) deliver(w http.ResponseWriter, r *http.Request, a answer) {
	switch f.Break {
	case ResetAfter:
		reset(w)
	case HangAfterStore:
		hang(r)
	case Truncate:
		truncate(w, r, a)
	case Endless:
		endless(w, r, a)
	default:
		a.send(w)
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
	panic(http.ErrAbortHandler)
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

// endless sends the answer's header and then 16 MB of body a second.
func endless(w http.ResponseWriter, r *http.Request, a answer) {
	a.sendHeader(w)
	filler := bytes.Repeat([]byte(" "), 16<<10)
	for r.Context().Err() == nil {
		if _, err := w.Write(filler); err != nil {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// hijack takes over the connection. It fails only when the connection is gone already.
func hijack(w http.ResponseWriter) net.Conn {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	return conn
}
