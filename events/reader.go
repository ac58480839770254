package events

import (
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/vod-callback/recorder/internal/jsonx"
)

// A reader reads typed members of an object. It remembers the first invalid member; after that it returns zero
// values.
type reader struct {
	object jsonx.Object
	path   string       // the path of the object in the event, such as "MessageBody."
	fault  **FieldError // shared by the readers of one event
}

// newReader returns the reader of an event's text.
func newReader(data []byte) *reader {
	r := &reader{fault: new(*FieldError)}
	r.readObject("", data)
	return r
}

// readObject reads data, the text of the member called name or, if name is "", of the event.
func (r *reader) readObject(name string, data []byte) {
	if len(data) > MaxSize {
		*r.fault = &FieldError{name, strconv.Itoa(len(data)) + " bytes", "at most " + strconv.Itoa(MaxSize)}
		return
	}
	var err error
	if r.object, err = jsonx.Strict(data); err != nil {
		*r.fault = documentError(name, data, err)
	}
}

// ok reports whether all members so far are valid.
func (r *reader) ok() bool { return *r.fault == nil }

func (r *reader) fail(name, want string) {
	if r.ok() {
		*r.fault = &FieldError{Member: r.path + name, Found: found(r.object.Get(name)), Want: want}
	}
}

// required returns the string member called name.
func (r *reader) required(name string) string {
	if empty(r.object.Get(name)) {
		r.fail(name, "a string that is not empty")
	}
	return r.optional(name)
}

// optional returns the string member called name, or "" if it is absent, null or empty.
func (r *reader) optional(name string) string {
	v := r.object.Get(name)
	if empty(v) || !r.ok() {
		return ""
	}
	if v.Kind() != '"' {
		r.fail(name, "a string")
		return ""
	}
	return string(jsonx.Text(v))
}

// first returns the first member of names that is a string or a number and not empty. A number is as spelled.
func (r *reader) first(names ...string) string {
	for _, name := range names {
		switch v := r.object.Get(name); {
		case v.Kind() == '0':
			return string(v)
		case v.Kind() == '"' && !empty(v):
			return string(jsonx.Text(v))
		}
	}
	return ""
}

// passThrough returns a member with any content: a string's text, or other JSON in compact form.
func (r *reader) passThrough(name string) string {
	if v := r.object.Get(name); !empty(v) && v.Kind() != '"' {
		return string(jsonx.Compact(v))
	}
	return r.first(name)
}

// number returns an optional number as spelled. It also accepts a string that contains a number.
func (r *reader) number(name string) string {
	if v := r.object.Get(name); !empty(v) && v.Kind() != '0' && v.Kind() != '"' {
		r.fail(name, "a number")
	}
	return r.first(name)
}

// lower returns s in lower case, unless a letter of another alphabet becomes one of ours by that.
func lower(s string) string {
	if l := strings.ToLower(s); len(l) == len(s) {
		return l
	}
	return s
}

func (r *reader) status(name string) Status {
	switch lower(r.required(name)) {
	case "success":
		return Success
	case "fail", "failed":
		return Fail
	}
	r.fail(name, `"success", "fail" or "failed", in any case`)
	return ""
}

// time returns the RFC 3339 member called name in UTC. If loose, it also reads the form that some types
// publish, with a colon before the milliseconds: 2024-04-10T01:37:14:627Z.
func (r *reader) time(name string, loose bool) time.Time {
	s := r.required(name)
	const seconds = len("2006-01-02T15:04:05")
	if loose && len(s) > seconds && s[seconds] == ':' {
		s = s[:seconds] + "." + s[seconds+1:]
	}
	t, ok := parseTime(s)
	if !ok {
		r.fail(name, "an RFC 3339 time such as 2018-12-26T14:34:09Z")
	}
	return t
}

// parseTime reads an RFC 3339 time, whose T and Z may be lower case. It refuses the other forms that time.Parse
// accepts (go.dev/issue/54580), and a time whose year in UTC does not have four digits.
func parseTime(s string) (time.Time, bool) {
	s = strings.ToUpper(s)
	t, err := time.Parse(time.RFC3339, s)
	t = t.UTC()
	const seconds = len("2006-01-02T15:04:05")
	if err != nil || t.Year() < 0 || t.Year() > 9999 || s[seconds-3] != ':' || s[seconds] == ',' {
		return time.Time{}, false
	}
	offset := s[len(s)-len("+07:00"):]
	return t, strings.HasSuffix(s, "Z") || offset[1:3] <= "23" && offset[4:6] <= "59"
}

// isIMS reports whether the event has a MessageBody, as IMS sends it.
func (r *reader) isIMS() bool {
	v := r.object.Get("MessageBody")
	return v != nil && (!empty(v) || !r.object.Has("Status"))
}

// within returns a reader for the member called name, which is an object or a string that contains one.
func (r *reader) within(name string) *reader {
	inner := &reader{path: r.path + name + ".", fault: r.fault}
	switch v := r.object.Get(name); {
	case !r.ok():
	case v.Kind() == '{':
		inner.readObject(r.path+name, v)
	case v.Kind() == '"' && !empty(v):
		inner.readObject(r.path+name, jsonx.Text(v))
	default:
		r.fail(name, "an object, or a string that contains one")
	}
	return inner
}

// empty reports whether v is absent, null or the empty string.
func empty(v jsontext.Value) bool {
	return len(v) == 0 || v.Kind() == 'n' || string(v) == `""`
}
