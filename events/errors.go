package events

import (
	"errors"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/vod-callback/recorder/internal/jsonx"
)

// ErrOtherType is the error for an event whose type is not selected. A callback URL usually receives several
// types: acknowledge such an event, do not record it.
var ErrOtherType = errors.New("the event type is not selected")

// A FieldError names the first member that breaks the published form. Retrying cannot fix it.
type FieldError struct {
	Member string // such as "EventTime" or "MessageBody.Status"; empty for the whole text
	Found  string // what was found, quoted and shortened
	Want   string // what is accepted
}

// Error implements error.
func (e *FieldError) Error() string {
	member := e.Member
	if member == "" {
		member = "event"
	}
	return member + ": found " + e.Found + ", want " + e.Want
}

// documentError returns the error for data, which is not a strictly valid JSON object. data is the text of the
// member or, if member is empty, of the event.
func documentError(member string, data []byte, err error) *FieldError {
	syntax, isSyntax := errors.AsType[*jsontext.SyntacticError](err)
	switch {
	case errors.Is(err, jsonx.ErrNumber), errors.Is(err, jsonx.ErrDepth), errors.Is(err, jsonx.ErrTrailing):
		return &FieldError{member, "a " + err.Error(), "one JSON object that RFC 8785 can hold"}
	case isSyntax && errors.Is(err, jsontext.ErrDuplicateName):
		return &FieldError{member, "the name " + quote(syntax.JSONPointer.LastToken()) + " more than once", "each name once"}
	case isSyntax && len(data) > 0:
		found := strings.TrimPrefix(syntax.Err.Error(), "jsontext: ") + " at byte " + strconv.FormatInt(syntax.ByteOffset, 10)
		return &FieldError{member, found, "one JSON object in UTF-8"}
	}
	return &FieldError{member, found(data), "one JSON object"}
}

// found describes v for a FieldError: a string in quotes, any other JSON unchanged.
func found(v jsontext.Value) string {
	switch {
	case len(v) == 0:
		return "nothing"
	case v.Kind() == '"' && v.IsValid(jsontext.AllowInvalidUTF8(true)):
		return quote(string(jsonx.Text(v)))
	}
	return cut(string(jsonx.Compact(v)))
}

// quote shortens s and makes it safe for one line of a log or a terminal.
func quote(s string) string { return strconv.Quote(cut(s)) }

// cut shortens a text that an error message repeats.
func cut(s string) string {
	const limit = 64
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "…"
}
