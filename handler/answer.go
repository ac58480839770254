package handler

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// A result is the result of handling one message.
type result string

const (
	recorded   result = "recorded"   // recorded now
	duplicate  result = "duplicate"  // recorded before
	ignored    result = "ignored"    // an event of a type that is not recorded
	rejected   result = "rejected"   // not a valid event; the input is kept
	unrecorded result = "unrecorded" // not recorded in time; the log has the full record
)

// An httpAnswer is the answer to a sender, which evaluates only the status. The message is for people.
type httpAnswer struct {
	status        int
	code, message string // of an error
	result        result // of a success
}

// The error answers. A sender accepts only 200 as success; after any other status it sends twice more.
var (
	methodNotAllowed = httpAnswer{status: http.StatusMethodNotAllowed, code: "method_not_allowed",
		message: "A callback must use POST."}
	bodyTooLarge = httpAnswer{status: http.StatusRequestEntityTooLarge, code: "body_too_large",
		message: "The body of a callback must not exceed 262144 bytes."}
	unauthorized = httpAnswer{status: http.StatusUnauthorized, code: "unauthorized",
		message: "The callback is not authentic. The function's log says why, under this requestId."}
	invalidEvent = httpAnswer{status: http.StatusBadRequest, code: "invalid_event",
		message: "The body is kept, but it is not an event in its published form."}
	notRecorded = httpAnswer{status: http.StatusServiceUnavailable, code: "unrecorded",
		message: "The event could not be recorded in time. Send it again. The function's log has the full event under this requestId."}
)

// answerTo returns the answer to a callback whose message has the result r. reason says why it was rejected. The
// sender may see it, because it describes only what the sender sent.
func answerTo(r result, reason string) httpAnswer {
	switch r {
	case rejected:
		a := invalidEvent
		a.message += " " + reason
		return a
	case unrecorded:
		return notRecorded
	default:
		return httpAnswer{status: http.StatusOK, result: r}
	}
}

// json returns a as the response object of FC's HTTP trigger.
func (a httpAnswer) json(requestID string) (json.RawMessage, error) {
	body, err := json.Marshal(struct {
		Result    result `json:"result,omitempty"`
		Error     string `json:"error,omitempty"`
		Message   string `json:"message,omitempty"`
		RequestID string `json:"requestId"`
	}{a.result, a.code, a.message, requestID})
	if err != nil {
		return nil, err
	}
	headers := map[string]string{"Content-Type": "application/json"}
	if a.status == http.StatusMethodNotAllowed {
		headers["Allow"] = http.MethodPost
	}
	return json.Marshal(struct {
		StatusCode      int               `json:"statusCode"`
		Headers         map[string]string `json:"headers"`
		IsBase64Encoded bool              `json:"isBase64Encoded"`
		Body            string            `json:"body"`
	}{a.status, headers, false, string(body)})
}

// counts is the number of messages of a delivery by result.
type counts map[result]int

// json returns the answer to a trigger, or an error if the trigger should deliver again. Messages that are
// recorded stay recorded; the next delivery finds them as duplicates.
func (c counts) json() (json.RawMessage, error) {
	if c[unrecorded] > 0 {
		return nil, &UnrecordedError{c}
	}
	return fmt.Appendf(nil, `{"recorded":%d,"duplicate":%d,"ignored":%d,"rejected":%d}`,
		c[recorded], c[duplicate], c[ignored], c[rejected]), nil
}

// An UnrecordedError fails an invocation, so that its trigger delivers again. The runtime shows the name of
// this type to the operator. The log contains each unrecorded message in full.
type UnrecordedError struct{ counts counts }

// Error implements error. It counts the messages by result.
func (e *UnrecordedError) Error() string {
	total := 0
	for _, n := range e.counts {
		total += n
	}
	return fmt.Sprintf("%d of %d messages could not be recorded in time (recorded %d, duplicate %d, ignored %d, rejected %d); "+
		"each is in full in the log", e.counts[unrecorded], total,
		e.counts[recorded], e.counts[duplicate], e.counts[ignored], e.counts[rejected])
}
