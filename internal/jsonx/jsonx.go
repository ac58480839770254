// Package jsonx reads JSON objects member by member, in the two degrees of strictness that a callback
// needs. An event must be I-JSON to the letter (RFC 7493), because its canonical form (RFC 8785) is its
// identity. The envelope that a trigger puts around it is read leniently, because refusing the envelope
// would lose the event.
package jsonx

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

var (
	// ErrNumber is the error for a number that no IEEE 754 double can hold: RFC 8785 has no form for it.
	ErrNumber = errors.New("number beyond the range of an IEEE 754 double")
	// ErrTrailing is the error for text that goes on after its one value.
	ErrTrailing = errors.New("data after the JSON value")
	// ErrDepth is the error for a value that is nested deeper than MaxDepth.
	ErrDepth = errors.New("value nested too deeply")
)

// MaxDepth is how many objects and arrays may be nested in what Strict reads. JSON readers give up at
// 10,000 levels; the difference is room for the record and the log line around the event.
const MaxDepth = 9_900

// A Member is one name, without escapes, and its value, as spelled.
type Member struct {
	Name  []byte
	Value jsontext.Value
}

// An Object is the members of a JSON object in the order in which they stand.
type Object []Member

// Get returns the value of the first member called name, or nil.
func (o Object) Get(name string) jsontext.Value {
	for _, m := range o {
		if string(m.Name) == name {
			return m.Value
		}
	}
	return nil
}

// Has reports whether there is a member called name.
func (o Object) Has(name string) bool { return o.Get(name) != nil }

// Repeated returns the first of names that o has more than once, or "".
func (o Object) Repeated(names ...string) string {
	count := map[string]int{}
	for _, m := range o {
		count[string(m.Name)]++
	}
	for _, name := range names {
		if count[name] > 1 {
			return name
		}
	}
	return ""
}

// Strict reads data as exactly one object. A repeated name at any depth, invalid UTF-8, a lone surrogate,
// a number that RFC 8785 cannot hold, nesting beyond MaxDepth and trailing data are errors.
func Strict(data []byte) (Object, error) {
	o, err := readObject(data, nil)
	for _, m := range o {
		if m.Value.Kind() != '"' && err == nil {
			err = checkTokens(m.Value)
		}
	}
	if err != nil {
		return nil, err
	}
	return o, nil
}

var lenient = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// Lenient reads data as exactly one object and accepts repeated names and ill-formed text. Where names
// are given, only members of these names are kept, so that a payload of millions of others costs nothing.
func Lenient(data []byte, names ...string) (Object, error) {
	return readObject(data, names, lenient...)
}

func readObject(data []byte, names []string, opts ...jsontext.Options) (Object, error) {
	o := make(Object, 0, 8)
	err := readEach(data, '{', opts, func(dec *jsontext.Decoder) error {
		name, err := readValue(dec, data)
		if err != nil {
			return err
		}
		value, err := readValue(dec, data)
		text := Text(name)
		if err == nil && (names == nil || slices.Contains(names, string(text))) {
			o = append(o, Member{text, value})
		}
		return err
	})
	return o, err
}

// Elements reads data as exactly one array of at most limit elements, as leniently as Lenient.
func Elements(data []byte, limit int) ([]jsontext.Value, error) {
	var elements []jsontext.Value
	err := readEach(data, '[', lenient, func(dec *jsontext.Decoder) error {
		if len(elements) == limit {
			return fmt.Errorf("more than %d elements", limit)
		}
		v, err := readValue(dec, data)
		elements = append(elements, v)
		return err
	})
	return elements, err
}

// readEach reads data as one object or array and calls read for each of its members or elements.
func readEach(data []byte, kind jsontext.Kind, opts []jsontext.Options, read func(*jsontext.Decoder) error) error {
	dec := jsontext.NewDecoder(bytes.NewBuffer(data), opts...)
	switch open, err := dec.ReadToken(); {
	case err != nil:
		return err
	case open.Kind() != kind:
		return fmt.Errorf("want %s, not %s", kind, open.Kind())
	}
	for k := dec.PeekKind(); k != '}' && k != ']'; k = dec.PeekKind() {
		if err := read(dec); err != nil {
			return err
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	switch _, err := dec.ReadToken(); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	}
	return ErrTrailing
}

// readValue returns the next value as a part of data. What ReadValue returns is valid for one call only.
func readValue(dec *jsontext.Decoder, data []byte) (jsontext.Value, error) {
	v, err := dec.ReadValue()
	end := dec.InputOffset()
	return data[end-int64(len(v)) : end : end], err
}

// checkTokens looks for numbers that overflow and for nesting that is too deep in data, valid JSON inside an
// object.
func checkTokens(data []byte) error {
	dec := jsontext.NewDecoder(bytes.NewBuffer(data), lenient...)
	for {
		tok, err := dec.ReadToken()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case dec.StackDepth() >= MaxDepth:
			return ErrDepth
		case tok.Kind() == '0':
			if _, err := strconv.ParseFloat(tok.String(), 64); err != nil {
				return ErrNumber
			}
		}
	}
}

// Text returns what the JSON string v says. A string that is not well-formed Unicode is returned as
// spelled, quotes included: it can never be read as an event, and what is kept of it is what was sent. The text
// may be a part of v.
func Text(v jsontext.Value) []byte {
	if v = bytes.TrimSpace(v); bytes.IndexByte(v, '\\') < 0 && utf8.Valid(v) {
		return v[1 : len(v)-1 : len(v)-1] // as nearly all are
	}
	text, err := jsontext.AppendUnquote(nil, v)
	if err != nil {
		return v
	}
	return text
}

// Canonical returns the canonical form of v (RFC 8785). It fails where v is not I-JSON.
func Canonical(v jsontext.Value) ([]byte, error) {
	c := v.Clone()
	err := c.Canonicalize()
	return c, err
}

// Compact returns v, which must be valid JSON, without white space between its tokens. Strings and numbers
// stay as spelled.
func Compact(v jsontext.Value) []byte {
	c := v.Clone()
	_ = c.Compact(lenient...) // it fails for invalid JSON only
	return c
}
