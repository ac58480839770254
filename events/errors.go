package events

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/vod-callback/recorder/internal/jsonx"
)

// An OtherTypeError is the error for an event whose type is not the one asked for. A callback URL
// usually receives several types: acknowledge it, do not record it.
type OtherTypeError struct {
	EventType string // as sent, never empty
}

// Error names the type that was found.
func (e *OtherTypeError) Error() string {
	return "EventType: found " + quote(e.EventType) + ", an event of another type than " + TypeProduceMediaComplete
}

// A FieldError names the first member that breaks the published form. Retrying cannot mend it.
type FieldError struct {
	Member string // its name, such as "EventTime" or "MessageBody.Status"; empty for the text as a whole
	Found  string // what stood there, quoted and cut short
	Want   string // what is accepted
}

// Error says all three on one line.
func (e *FieldError) Error() string {
	member := e.Member
	if member == "" {
		member = "event"
	}
	return member + ": found " + e.Found + ", want " + e.Want
}

// documentError says why data, the text of the member (or of the event where that is empty), is not
// a JSON object that can be relied on.
func documentError(member string, data []byte, err error) *FieldError {
	e := &FieldError{Member: member, Found: excerpt(data), Want: "one JSON object"}
	syntax, isSyntax := errors.AsType[*jsontext.SyntacticError](err)
	switch {
	case errors.Is(err, jsonx.ErrNumber):
		e.Found, e.Want = "a "+jsonx.ErrNumber.Error(), "numbers that RFC 8785 can hold"
	case errors.Is(err, jsonx.ErrDepth):
		e.Found, e.Want = "a "+jsonx.ErrDepth.Error(), "at most "+strconv.Itoa(jsonx.MaxDepth)+" objects and arrays inside one another"
	case errors.Is(err, jsonx.ErrTrailing):
		e.Found = jsonx.ErrTrailing.Error()
	case errors.Is(err, jsontext.ErrDuplicateName) && isSyntax:
		e.Found, e.Want = "the name "+quote(syntax.JSONPointer.LastToken())+" more than once", "each name once"
	case isSyntax && len(data) > 0:
		e.Found = strings.TrimPrefix(syntax.Err.Error(), "jsontext: ") + " at byte " + strconv.FormatInt(syntax.ByteOffset, 10)
		e.Want = "one JSON object in UTF-8"
	}
	return e
}

// foundLimit is how much of a found value an error message repeats, in bytes.
const foundLimit = 64

// found says what v is, for a FieldError.
func found(v jsontext.Value) string {
	if v == nil {
		return "nothing"
	}
	if v.Kind() == '"' {
		return quote(string(jsonx.Text(v)))
	}
	return jsonx.Describe(v) + " " + excerpt(v)
}

func excerpt(data []byte) string {
	if len(data) == 0 {
		return "nothing"
	}
	return quote(string(data[:min(len(data), foundLimit+utf8.UTFMax)]))
}

// quote makes s safe for one line of a log or a terminal, cut short.
func quote(s string) string {
	if len(s) <= foundLimit {
		return strconv.Quote(s)
	}
	cut := foundLimit
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return strconv.Quote(s[:cut]) + "…"
}
