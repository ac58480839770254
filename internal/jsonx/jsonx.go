// Package jsonx reads JSON objects member by member, strictly or leniently. An event must be strict I-JSON (RFC
// 7493), because its canonical form (RFC 8785) identifies it. The envelope that a trigger puts around the event
// is read leniently, because refusing the envelope would lose the event.
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
	// ErrNumber is the error for a number outside the range of an IEEE 754 double, which RFC 8785 cannot represent.
	ErrNumber = errors.New("number beyond the range of an IEEE 754 double")
	// ErrTrailing is the error for a text with data after the JSON value.
	ErrTrailing = errors.New("data after the JSON value")
	// ErrDepth is the error for a value that is nested deeper than MaxDepth.
	ErrDepth = errors.New("value nested too deeply")
)

// MaxDepth is the maximum nesting depth of a value for Strict. JSON readers accept 10,000 levels; the difference
// leaves room for the record and the log line around the event.
const MaxDepth = 9_900

// A Member is one name, without escapes, and its value, as written.
type Member struct {
	Name  []byte
	Value jsontext.Value
}

// An Object holds the members of a JSON object in their order in the text.
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

// Lenient reads data as exactly one object. It accepts repeated names and ill-formed Unicode. If names are given,
// it keeps only these members, so that a payload with millions of other members uses no memory.
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

// readValue returns the next value as a part of data, because the result of ReadValue is valid only until the next
// call.
func readValue(dec *jsontext.Decoder, data []byte) (jsontext.Value, error) {
	v, err := dec.ReadValue()
	end := dec.InputOffset()
	return data[end-int64(len(v)) : end : end], err
}

// checkTokens checks data for numbers that overflow and for nesting that is too deep. data is valid JSON inside
// an object.
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

// Text returns the value of the JSON string v. A string that is not well-formed Unicode is returned as written,
// with its quotes: it cannot be an event, and the function keeps it as it was sent. The text may share memory
// with v.
func Text(v jsontext.Value) []byte {
	if v = bytes.TrimSpace(v); bytes.IndexByte(v, '\\') < 0 && utf8.Valid(v) {
		return v[1 : len(v)-1 : len(v)-1] // the usual case: no escapes
	}
	text, err := jsontext.AppendUnquote(nil, v)
	if err != nil {
		return v
	}
	return text
}

// Canonical returns the canonical form of v (RFC 8785). It fails if v is not I-JSON.
func Canonical(v jsontext.Value) ([]byte, error) {
	c := v.Clone()
	err := c.Canonicalize()
	return c, err
}

// Compact returns v, which must be valid JSON, without white space between its tokens. Strings and numbers are
// unchanged.
func Compact(v jsontext.Value) []byte {
	c := v.Clone()
	_ = c.Compact(lenient...) // it fails only for invalid JSON
	return c
}
