package jsonx

import (
	"bytes"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// AppendCanonical appends v to dst, which must not overlap it, in the canonical form of RFC 8785. Where v is
// not I-JSON it fails and returns nil.
func AppendCanonical(dst []byte, v jsontext.Value) ([]byte, error) {
	s, ok := newScanner(v, true)
	defer s.release()
	if ok && s.whole() {
		return Object{v, s.tape}.appendCanonical(dst)
	}
	return appendCanonicalized(dst, v)
}

func appendCanonicalized(dst []byte, v jsontext.Value) ([]byte, error) {
	c := v.Clone()
	if err := c.Canonicalize(); err != nil {
		return nil, err
	}
	return append(dst, c...), nil
}

// appendCanonical appends the canonical form of o, which a strict scanner must have read: its names are
// ASCII, so that the order of their bytes is that of their UTF-16 code units.
func (o Object) appendCanonical(dst []byte) ([]byte, error) {
	var space [scanMembers]int32
	order := space[:0]
	for i := int32(0); int(i) < len(o.tape); i += 1 + o.tape[i].within {
		order = append(order, i)
	}
	slices.SortFunc(order, func(a, b int32) int { return bytes.Compare(o.at(a).name(), o.at(b).name()) })
	dst = append(dst, '{')
	var err error
	for i, at := range order {
		if i > 0 {
			dst = append(dst, ',')
		}
		m := o.at(at)
		dst = append(append(append(dst, '"'), m.name()...), `":`...)
		if dst, err = m.appendCanonical(dst); err != nil {
			return nil, err
		}
	}
	return append(dst, '}'), nil
}

// at returns the member whose span is at i.
func (o Object) at(i int32) Member { return Member{o.data, o.tape[i : i+1+o.tape[i].within]} }

// appendCanonical appends the canonical form of m's value.
func (m Member) appendCanonical(dst []byte) ([]byte, error) {
	v := m.Value()
	switch v.Kind() {
	case '{':
		return Object{m.data, m.tape[1:]}.appendCanonical(dst)
	case '"':
		return appendCanonicalText(dst, v), nil
	case '0':
		const exact = 1 << 53 // up to here a double has every integer, and spells it in full
		if n, err := strconv.ParseInt(string(v), 10, 64); err == nil && -exact <= n && n <= exact {
			return strconv.AppendInt(dst, n, 10), nil
		}
	}
	return appendCanonicalized(dst, v)
}

// appendCanonicalText appends the canonical form of a string: what needs no escape has none.
func appendCanonicalText(dst []byte, v jsontext.Value) []byte {
	if bytes.IndexByte(v, '\\') < 0 {
		return append(dst, v...)
	}
	dst, _ = jsontext.AppendQuote(dst, Text(v)) // it is well-formed
	return dst
}
