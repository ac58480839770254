package handler

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"github.com/vod-callback/recorder/internal/jsonx"
)

// A result is what became of one message.
type result int

const (
	failed     result = iota // not recorded in time; in full in the log
	recorded                 // kept now
	duplicate                // kept before
	ignored                  // an event of another type
	rejected                 // no event in it; the input is kept
	numResults               // how many results there are
)

// A verdict is a result with what a person needs to mend it.
type verdict struct {
	result result
	reason string // why the message was rejected, or ""
}

// An httpAnswer is what a sender gets back. Only the status counts to it; the words are for people.
type httpAnswer struct {
	status  int
	result  string // of a success
	code    string // of an error
	message string // of an error
}

// The answers. Senders take 200 for success and nothing else, and try everything else twice more.
var (
	methodNotAllowed = httpAnswer{
		status: http.StatusMethodNotAllowed, code: "method_not_allowed",
		message: "Callbacks are sent with POST.",
	}
	bodyTooLarge = httpAnswer{
		status: http.StatusRequestEntityTooLarge, code: "body_too_large",
		message: "The body of a callback has at most 262144 bytes.",
	}
	unauthorized = httpAnswer{
		status: http.StatusUnauthorized, code: "unauthorized",
		message: "The callback is not authentic. The function's log says why, under this requestId.",
	}
	internalError = httpAnswer{
		status: http.StatusServiceUnavailable, code: "internal_error",
		message: "The callback could not be looked at. The function's log says why, under this requestId; send it again.",
	}
	answers = [numResults]httpAnswer{
		recorded:  {status: http.StatusOK, result: "recorded"},
		duplicate: {status: http.StatusOK, result: "duplicate"},
		ignored:   {status: http.StatusOK, result: "ignored"},
		rejected: {
			status: http.StatusBadRequest, code: "invalid_event",
			message: "The body is kept, but it is no event in its published form.",
		},
		failed: {
			status: http.StatusServiceUnavailable, code: "unrecorded",
			message: "The event could not be recorded in time. It is in full in the function's log, under this requestId; send it again.",
		},
	}
)

func answerTo(v verdict) httpAnswer {
	a := answers[v.result]
	if v.reason != "" { // it is about what the caller sent, and says nothing of ours
		a.message += " " + v.reason
	}
	return a
}

// json encodes a as the response object of FC's HTTP trigger.
func (a httpAnswer) json(requestID string) (json.RawMessage, error) {
	body := make([]byte, 0, 128)
	if a.result != "" {
		body = jsonx.AppendText(append(body, `{"result":`...), a.result)
	} else {
		body = jsonx.AppendText(append(body, `{"error":`...), a.code)
		body = jsonx.AppendText(append(body, `,"message":`...), a.message)
	}
	body = jsonx.AppendText(append(body, `,"requestId":`...), requestID)
	body = append(body, '}')

	answer := make([]byte, 0, 2*len(body)+128)
	answer = strconv.AppendInt(append(answer, `{"statusCode":`...), int64(a.status), 10)
	answer = append(answer, `,"headers":{"Content-Type":"application/json"`...)
	if a.status == http.StatusMethodNotAllowed {
		answer = append(answer, `,"Allow":"POST"`...)
	}
	answer = append(answer, `},"isBase64Encoded":false,"body":`...)
	return append(jsonx.AppendText(answer, body), '}'), nil
}

// counts says how many messages of a delivery came to which result.
type counts [numResults]int

func count(verdicts []verdict) (c counts) {
	for _, v := range verdicts {
		c[v.result]++
	}
	return c
}

// json returns the answer to a trigger, or an error where it should deliver again. What was recorded
// stays recorded, and the next delivery finds it.
func (c counts) json() (json.RawMessage, error) {
	if c[failed] > 0 {
		return nil, &UnrecordedError{
			Unrecorded: c[failed], Recorded: c[recorded], Duplicate: c[duplicate], Ignored: c[ignored], Rejected: c[rejected],
		}
	}
	return fmt.Appendf(nil, `{"recorded":%d,"duplicate":%d,"ignored":%d,"rejected":%d}`,
		c[recorded], c[duplicate], c[ignored], c[rejected]), nil
}

// An UnrecordedError fails an invocation, so that its trigger delivers again. The runtime shows the
// name of this type to the operator.
type UnrecordedError struct {
	// Unrecorded is how many messages could not be recorded; it is positive. Each is in full in the log.
	Unrecorded int
	// The others came to these results and need no second delivery.
	Recorded, Duplicate, Ignored, Rejected int
}

// Error counts the messages.
func (e *UnrecordedError) Error() string {
	total := e.Unrecorded + e.Recorded + e.Duplicate + e.Ignored + e.Rejected
	return fmt.Sprintf("%d of %d messages could not be recorded in time "+
		"(recorded %d, duplicate %d, ignored %d, rejected %d); each is in full in the log",
		e.Unrecorded, total, e.Recorded, e.Duplicate, e.Ignored, e.Rejected)
}
