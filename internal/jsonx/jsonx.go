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
	"math"
	"strconv"
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

// Strict reads data as exactly one object. A repeated name at any depth, however escaped, invalid
// UTF-8, a lone surrogate, a number that RFC 8785 cannot hold, nesting beyond MaxDepth and trailing data
// are errors.
func Strict(data []byte) (Object, error) {
	if o, ok := scanObject(data, true); ok {
		return o, nil
	}
	o, err := readObject(data)
	if err != nil {
		return Object{}, err
	}
	for m := range o.All() {
		if err := checkTokens(m.Value()); err != nil {
			return Object{}, fmt.Errorf("member %q: %w", m.Name(), err)
		}
	}
	return o, nil
}

// Lenient reads data as exactly one object and lets repeated names and ill-formed text pass: what they
// mean is for the reader of the members to decide.
func Lenient(data []byte) (Object, error) {
	if o, ok := scanObject(data, false); ok {
		return o, nil
	}
	return readObject(data, lenient...)
}

// Elements reads data as exactly one array, as leniently as Lenient reads an object.
func Elements(data []byte) ([]jsontext.Value, error) {
	if elements, ok := scanElements(data); ok {
		return elements, nil
	}
	return readElements(data)
}

func readElements(data []byte) ([]jsontext.Value, error) {
	dec := newDecoder(data, lenient...)
	defer dec.release()
	if err := open(dec, '['); err != nil {
		return nil, err
	}
	var elements []jsontext.Value
	for dec.PeekKind() != ']' {
		v, err := dec.ReadValue()
		if err != nil {
			return nil, err
		}
		end := dec.InputOffset() // what ReadValue returns is valid for one call only
		elements = append(elements, data[end-int64(len(v)):end:end])
	}
	if err := finish(dec); err != nil {
		return nil, err
	}
	return elements, nil
}

var lenient = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

func readObject(data []byte, opts ...jsontext.Options) (Object, error) {
	if len(data) > math.MaxInt32 {
		return Object{}, errors.New("more than 2 GiB")
	}
	dec := newDecoder(data, opts...)
	defer dec.release()
	if err := open(dec, '{'); err != nil {
		return Object{}, err
	}
	tape := make([]span, 0, 8)
	for dec.PeekKind() != '}' {
		name, err := dec.ReadValue()
		if err != nil {
			return Object{}, err
		}
		s := span{escaped: bytes.IndexByte(name, '\\') >= 0}
		s.name, s.nameEnd = extent(dec, name)
		value, err := dec.ReadValue()
		if err != nil {
			return Object{}, err
		}
		s.value, s.valueEnd = extent(dec, value)
		tape = append(tape, s)
	}
	if err := finish(dec); err != nil {
		return Object{}, err
	}
	return Object{data, tape}, nil
}

// extent returns where v, which dec has just read, stands in the data.
func extent(dec *decoder, v jsontext.Value) (start, end int32) {
	end = int32(dec.InputOffset())  //nolint:gosec // G115: readObject takes no more data than that
	return end - int32(len(v)), end //nolint:gosec // G115: as above
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

var simpleEscapes = [256]byte{
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
	if !spaced(v) {
		return v // as senders send it
	}
	c := v.Clone()
	// Duplicate names and the like are no concern here: what is malformed stays as it is.
	_ = c.Compact(lenient...)
	return c
}

// spaced says whether white space stands between the tokens of v.
func spaced(v jsontext.Value) bool {
	for i := 0; i < len(v); i++ {
		switch v[i] {
		case ' ', '\t', '\r', '\n':
			return true
		case '"':
			for i++; ; i += 2 { // over a backslash and what it escapes
				i += plain(v[min(i, len(v)):])
				if i >= len(v) || v[i] != '\\' {
					break
				}
			}
		}
	}
	return false
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
