// Package jsonx reads JSON objects member by member, in the two degrees of strictness that a callback
// asks for: an event must be I-JSON to the letter (RFC 7493, RFC 8785), since its digest is its
// identity; the envelope that a trigger puts round it is read as leniently as can be, since refusing
// it would lose the event.
package jsonx

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// ErrNumber is the cause of an error for a number that no IEEE 754 double can hold, so that RFC 8785
// has no canonical form for it.
var ErrNumber = errors.New("number beyond the range of an IEEE 754 double")

// ErrTrailing is the error for text that goes on after its one value.
var ErrTrailing = errors.New("data after the JSON value")

// ErrDepth is the error for a value that is nested deeper than MaxDepth.
var ErrDepth = errors.New("value nested too deeply")

// MaxDepth is how many objects and arrays may stand inside one another in what Strict reads. JSON readers,
// encoding/json and jsontext among them, give up at 10,000: this leaves room for the record, the log line
// and whatever an export of the log puts round an event, so that what was taken can be read back.
const MaxDepth = 9_900

// A Member is one name/value pair of an object. Both are part of the data that was read, where it does
// not spell the name with escapes: nothing is copied.
type Member struct {
	name  []byte
	Value jsontext.Value // the text as spelled
}

// Name returns the name.
func (m Member) Name() string { return string(m.name) }

// NameFold says whether the name is name without regard to case.
func (m Member) NameFold(name string) bool {
	return len(m.name) == len(name) && strings.EqualFold(string(m.name), name)
}

// Object is the members of one JSON object in the order in which they stand.
type Object []Member

// Get returns the value of the member called name, compared exactly, and whether there is one. Of
// several it is the first.
func (o Object) Get(name string) (jsontext.Value, bool) {
	for i := range o {
		if string(o[i].name) == name {
			return o[i].Value, true
		}
	}
	return nil, false
}

// Has says whether there is a member called name.
func (o Object) Has(name string) bool {
	_, ok := o.Get(name)
	return ok
}

// Repeated returns the first of names that o holds more than once, or "".
func (o Object) Repeated(names ...string) string {
	for _, name := range names {
		n := 0
		for i := range o {
			if string(o[i].name) == name {
				n++
			}
		}
		if n > 1 {
			return name
		}
	}
	return ""
}

// Strict reads data as exactly one object. A repeated name at any depth, however escaped, invalid
// UTF-8, a lone surrogate, a number that RFC 8785 cannot hold, nesting beyond MaxDepth and trailing data
// are errors.
func Strict(data []byte) (Object, error) {
	o, err := readObject(data)
	if err != nil {
		return nil, err
	}
	for i := range o {
		if err := checkTokens(o[i].Value); err != nil {
			return nil, fmt.Errorf("member %q: %w", o[i].name, err)
		}
	}
	return o, nil
}

// Lenient reads data as exactly one object and lets repeated names and ill-formed text pass: what they
// mean is for the reader of the members to decide.
func Lenient(data []byte) (Object, error) {
	return readObject(data, lenient...)
}

// Elements reads data as exactly one array, as leniently as Lenient reads an object.
func Elements(data []byte) ([]jsontext.Value, error) {
	dec := newDecoder(data, lenient...)
	defer dec.release()
	if err := open(dec, '['); err != nil {
		return nil, err
	}
	var elements []jsontext.Value
	for dec.PeekKind() != ']' {
		v, err := readValue(dec, data)
		if err != nil {
			return nil, err
		}
		elements = append(elements, v)
	}
	return elements, finish(dec)
}

var lenient = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

func readObject(data []byte, opts ...jsontext.Options) (Object, error) {
	dec := newDecoder(data, opts...)
	defer dec.release()
	if err := open(dec, '{'); err != nil {
		return nil, err
	}
	o := make(Object, 0, 8)
	for dec.PeekKind() != '}' {
		name, err := readValue(dec, data)
		if err != nil {
			return nil, err
		}
		value, err := readValue(dec, data)
		if err != nil {
			return nil, err
		}
		o = append(o, Member{Text(name), value})
	}
	return o, finish(dec)
}

// A decoder reads a slice of bytes in place, as only a bytes.Buffer lets it. Decoders are used again,
// since making one costs more than reading an event.
type decoder struct {
	jsontext.Decoder
	buf bytes.Buffer
}

var decoders = sync.Pool{New: func() any { return new(decoder) }}

func newDecoder(data []byte, opts ...jsontext.Options) *decoder {
	d := decoders.Get().(*decoder)
	d.buf = *bytes.NewBuffer(data)
	d.Reset(&d.buf, opts...)
	return d
}

// release gives d back, without the data. One that has read a lot is left to the garbage collector, with
// the tables that it made for that.
func (d *decoder) release() {
	const large = 1 << 20
	if d.InputOffset() > large {
		return
	}
	d.buf = bytes.Buffer{}
	d.Reset(&d.buf)
	decoders.Put(d)
}

// open reads the delimiter that opens an object or array.
func open(dec *decoder, kind jsontext.Kind) error {
	tok, err := dec.ReadToken()
	if err != nil {
		return err
	}
	if tok.Kind() != kind {
		return fmt.Errorf("not an %s but %s", word(kind), word(tok.Kind()))
	}
	return nil
}

// readValue reads the next value as a part of data: what ReadValue returns is valid for one call only.
func readValue(dec *decoder, data []byte) (jsontext.Value, error) {
	v, err := dec.ReadValue()
	if err != nil {
		return nil, err
	}
	end := dec.InputOffset()
	return data[end-int64(len(v)) : end : end], nil
}

// finish reads the closing delimiter and makes sure that nothing follows it.
func finish(dec *decoder) error {
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	switch _, err := dec.ReadToken(); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	default:
		return ErrTrailing
	}
}

// checkTokens looks for a number that overflows and for too deep nesting in v, which must be valid JSON
// and the value of a member.
func checkTokens(v jsontext.Value) error {
	switch v.Kind() {
	case '0':
		return checkNumber(string(v))
	case '{', '[':
	default:
		return nil
	}
	dec := newDecoder(v, lenient...)
	defer dec.release()
	for {
		tok, err := dec.ReadToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch tok.Kind() {
		case '0':
			if err := checkNumber(tok.String()); err != nil {
				return err
			}
		case '{', '[':
			if dec.StackDepth() >= MaxDepth { // with the object that v is a member of: one more
				return ErrDepth
			}
		}
	}
}

func checkNumber(s string) error {
	if _, err := strconv.ParseFloat(s, 64); err != nil {
		return ErrNumber
	}
	return nil
}

// Text returns what the JSON string v says. Where it says something that is no Unicode text, bytes
// that are not UTF-8 stay as they are and a lone surrogate becomes its three bytes in the manner of
// UTF-8: so the text that comes out is ill-formed exactly where the one that went in was, and whoever
// reads it strictly will notice.
//
// The text is part of v where v has no escapes, and must not be changed.
func Text(v jsontext.Value) []byte {
	if bytes.IndexByte(v, '\\') < 0 {
		v = bytes.TrimSpace(v)
		return v[1 : len(v)-1 : len(v)-1]
	}
	if text, err := jsontext.AppendUnquote(nil, v); err == nil {
		return text
	}
	return illFormedText(v)
}

// illFormedText is Text for a string that AppendUnquote would mend with U+FFFD.
func illFormedText(v jsontext.Value) []byte {
	v = bytes.TrimSpace(v)
	v = v[1 : len(v)-1]
	var out []byte
	for len(v) > 0 {
		if v[0] != '\\' {
			out, v = append(out, v[0]), v[1:]
			continue
		}
		if v[1] != 'u' {
			out, v = append(out, simpleEscapes[v[1]]), v[2:]
			continue
		}
		r := hex4(v)
		v = v[6:]
		if utf16.IsSurrogate(r) {
			if low := hex4(v); utf16.DecodeRune(r, low) != utf8.RuneError {
				r, v = utf16.DecodeRune(r, low), v[6:]
			} else {
				//nolint:gosec // G115: a surrogate has 16 bits, and each byte takes 6 of them at most
				out = append(out, 0xE0|byte(r>>12), 0x80|byte(r>>6&0x3F), 0x80|byte(r&0x3F))
				continue
			}
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}

var simpleEscapes = map[byte]byte{
	'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t',
}

// hex4 returns the code unit of the \uXXXX escape that v begins with, or -1.
func hex4(v []byte) rune {
	if len(v) < 6 || v[0] != '\\' || v[1] != 'u' {
		return -1
	}
	n, err := strconv.ParseUint(string(v[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(n)
}

// Compact returns v, which must be valid JSON, without white space between its tokens; strings and
// numbers stay as spelled. It is v itself where that holds no white space at all.
func Compact(v jsontext.Value) []byte {
	if !bytes.ContainsAny(v, " \t\r\n") {
		return v // as senders send it
	}
	c := v.Clone()
	// Duplicate names and the like are no concern here: what is malformed stays as it is.
	_ = c.Compact(lenient...)
	return c
}

// Canonical returns v in the canonical form of RFC 8785. It fails where v is not I-JSON.
func Canonical(v jsontext.Value) ([]byte, error) {
	c := v.Clone()
	if err := c.Canonicalize(); err != nil {
		return nil, err
	}
	return c, nil
}

// Kind says what the JSON value that begins data is, by its first byte: '{', '[', '"', '0' for a
// number, 'n', 't', 'f', or 0 for none.
func Kind(data []byte) jsontext.Kind {
	return jsontext.Value(data).Kind()
}

// Describe says in words what v is, for an error message.
func Describe(v jsontext.Value) string { return word(v.Kind()) }

func word(k jsontext.Kind) string {
	switch k {
	case '{', '}':
		return "object"
	case '[', ']':
		return "array"
	case '"':
		return "string"
	case '0':
		return "number"
	case 't', 'f':
		return "boolean"
	case 'n':
		return "null"
	default:
		return "no JSON value"
	}
}
