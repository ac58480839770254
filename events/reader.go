package events

import (
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/vod-callback/recorder/internal/jsonx"
)

// A reader takes typed members out of an object and remembers the first that is at fault; after
// that it returns zero values.
type reader struct {
	object jsonx.Object
	path   string // of the object within the event, such as "MessageBody."
	err    error
}

// presence says what an absent, null or empty member is.
type presence bool

const (
	required presence = true  // an error
	optional presence = false // no value
)

func (r *reader) fail(name string, v jsontext.Value, want string) {
	if r.err == nil {
		r.err = &FieldError{Member: r.path + name, Found: found(v), Want: want}
	}
}

// text returns the string member called name.
func (r *reader) text(name string, p presence) string { return string(r.bytes(name, p)) }

// bytes is text without a copy.
func (r *reader) bytes(name string, p presence) []byte {
	v, _ := r.object.Get(name)
	switch {
	case r.err != nil:
	case empty(v):
		if p == required {
			r.fail(name, v, "a string that is not empty")
		}
	case v.Kind() != '"':
		r.fail(name, v, "a string")
	default:
		return jsonx.Text(v)
	}
	return nil
}

// passThrough returns a member that its sender may fill as it likes.
func (r *reader) passThrough(name string) string {
	v, _ := r.object.Get(name)
	switch {
	case r.err != nil || empty(v):
		return ""
	case v.Kind() == '"':
		return string(jsonx.Text(v))
	default:
		return string(jsonx.Compact(v))
	}
}

// number returns an optional number as spelled; a string that holds one is as good.
func (r *reader) number(name string) string {
	v, _ := r.object.Get(name)
	switch {
	case r.err != nil || empty(v):
	case v.Kind() == '0':
		return string(v)
	case v.Kind() == '"':
		return string(jsonx.Text(v))
	default:
		r.fail(name, v, "a number")
	}
	return ""
}

func (r *reader) status(name string) Status {
	status, ok := parseStatus(r.bytes(name, required))
	if !ok {
		v, _ := r.object.Get(name)
		r.fail(name, v, `"success", "fail" or "failed", in any case`)
	}
	return status
}

// time returns the RFC 3339 member called name in UTC. RFC 3339 lets T and Z stand in lower case.
func (r *reader) time(name string) time.Time {
	const want = "an RFC 3339 time such as 2018-12-26T14:34:09Z"
	s := r.text(name, required)
	if r.err != nil {
		return time.Time{}
	}
	s = strings.ToUpper(s)
	t, err := time.Parse(time.RFC3339, s)
	t = t.UTC()
	// An offset can move the first or the last hours of the calendar beyond what RFC 3339 can say.
	if err != nil || !hasRFC3339Form(s) || t.Year() < 0 || t.Year() > 9999 {
		v, _ := r.object.Get(name)
		r.fail(name, v, want)
		return time.Time{}
	}
	return t
}

// hasRFC3339Form refuses what time.Parse lets pass: an hour of one digit, a comma before the fraction,
// an offset of a day or an hour of 60 minutes (go.dev/issue/54580).
func hasRFC3339Form(s string) bool {
	const seconds = len("2006-01-02T15:04:05")
	if len(s) <= seconds || s[seconds-3] != ':' || s[seconds] == ',' {
		return false
	}
	offset := s[len(s)-len("Z"):]
	if offset == "Z" {
		return true
	}
	offset = s[len(s)-len("+07:00"):]
	return offset[1:3] <= "23" && offset[4:6] <= "59"
}

// within returns a reader for the object that the member called name is or, being a string, holds.
func (r *reader) within(name string, v jsontext.Value) *reader {
	inner := &reader{path: r.path + name + ".", err: r.err}
	if inner.err != nil {
		return inner
	}
	data := []byte(v)
	switch {
	case empty(v), v.Kind() != '{' && v.Kind() != '"':
		r.fail(name, v, "an object, or a string that holds one")
		inner.err = r.err
		return inner
	case v.Kind() == '"':
		data = jsonx.Text(v)
	}
	object, err := jsonx.Strict(data)
	if err != nil {
		inner.err = documentError(r.path+name, data, err)
		return inner
	}
	inner.object = object
	return inner
}

// empty says whether v stands for no value: absent, null or the empty string.
func empty(v jsontext.Value) bool {
	return len(v) == 0 || v.Kind() == 'n' || string(v) == `""`
}
