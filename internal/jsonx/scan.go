package jsonx

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
	"sync"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// A scanner reads the plain JSON that senders and triggers send, in about half the time that jsontext
// takes: few members, little nesting, names without escapes, text without \u escapes, numbers without
// fraction or exponent. Whatever else it meets it declines, and jsontext reads the data from its beginning;
// that text then takes longer than by jsontext alone. The scanner accepts nothing that jsontext refuses
// and reads nothing differently, which FuzzScan makes sure of; errors are jsontext's alone.
type scanner struct {
	data   []byte
	pos    int
	strict bool   // decline what Strict may refuse
	tape   []span // as in an Object
}

const (
	scanDepth   = 16      // how deeply nested a scanner follows
	scanSpans   = 1 << 10 // how many members it follows in all: nobody looks at more than a few
	scanMembers = 32      // how many members of an object a strict scanner compares with each other
	scanDigits  = 300     // so long a number is still within the range of an IEEE 754 double
)

var scanners = sync.Pool{New: func() any { return new(scanner) }}

// newScanner returns a scanner of data, and whether it may be used at all.
func newScanner(data []byte, strict bool) (*scanner, bool) {
	s := scanners.Get().(*scanner)
	*s = scanner{data: data, strict: strict, tape: s.tape[:0]}
	return s, len(data) <= math.MaxInt32 && (!strict || utf8.Valid(data))
}

// release gives s back, without the data.
func (s *scanner) release() {
	s.data = nil
	scanners.Put(s)
}

// scanObject reads data as exactly one object; ok is false where it declines.
func scanObject(data []byte, strict bool) (o Object, ok bool) {
	s, ok := newScanner(data, strict)
	defer s.release()
	if !ok || !s.whole() {
		return Object{}, false
	}
	return Object{data, append(make([]span, 0, len(s.tape)), s.tape...)}, true
}

// whole reads the data as exactly one object.
func (s *scanner) whole() bool { return s.peek() == '{' && s.object(scanDepth) && s.ended() }

// scanElements reads data as exactly one array, leniently; ok is false where it declines.
func scanElements(data []byte) (elements []jsontext.Value, ok bool) {
	s, ok := newScanner(data, false)
	defer s.release()
	if !ok || s.peek() != '[' || !s.array(scanDepth, &elements) || !s.ended() {
		return nil, false
	}
	return elements, true
}

// peek passes over white space and returns the byte after it, or 0 at the end.
func (s *scanner) peek() byte {
	for ; s.pos < len(s.data); s.pos++ {
		if c := s.data[s.pos]; c > ' ' || c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			return c
		}
	}
	return 0
}

// take passes over white space and then c, if it is there.
func (s *scanner) take(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.pos++
	return true
}

// ended says whether nothing but white space is left.
func (s *scanner) ended() bool {
	s.peek()
	return s.pos == len(s.data)
}

// object reads an object, whose "{" is next, and leaves its members on the tape.
func (s *scanner) object(depth int) bool {
	s.pos++
	if s.take('}') {
		return true
	}
	first := len(s.tape)
	for n := 0; ; n++ {
		if !s.member(first, n, depth) {
			return false
		}
		if s.take('}') {
			return true
		}
		if !s.take(',') {
			return false
		}
	}
}

// member reads the member of number n of the object that begins at first on the tape.
func (s *scanner) member(first, n, depth int) bool {
	if s.peek() != '"' || len(s.tape) == scanSpans {
		return false
	}
	name := s.pos
	if escaped, ok := s.text(); !ok || escaped {
		return false
	}
	nameEnd := s.pos
	if s.strict && (n >= scanMembers || !s.fresh(first, s.data[name:nameEnd])) || !s.take(':') {
		return false
	}
	s.peek()
	at, value := len(s.tape), s.pos
	//nolint:gosec // G115: newScanner has looked
	s.tape = append(s.tape, span{name: int32(name), nameEnd: int32(nameEnd), value: int32(value)})
	if !s.value(depth - 1) {
		return false
	}
	m := &s.tape[at]
	m.valueEnd, m.within = int32(s.pos), int32(len(s.tape)-at-1) //nolint:gosec // G115: as above
	return true
}

// fresh says whether name, which has its quotes, is ASCII and no name of the members from first on.
func (s *scanner) fresh(first int, name []byte) bool {
	for rest := s.tape[first:]; len(rest) > 0; rest = rest[1+rest[0].within:] {
		if bytes.Equal(s.data[rest[0].name:rest[0].nameEnd], name) {
			return false
		}
	}
	return !slices.ContainsFunc(name, func(c byte) bool { return c >= utf8.RuneSelf })
}

// array reads an array, whose "[" is next, and appends its elements to elements unless that is nil.
func (s *scanner) array(depth int, elements *[]jsontext.Value) bool {
	s.pos++
	if s.take(']') {
		return true
	}
	for {
		s.peek()
		at, start := len(s.tape), s.pos
		if !s.value(depth - 1) {
			return false
		}
		s.tape = s.tape[:at] // nobody asks for the members of an element
		if elements != nil {
			*elements = append(*elements, s.data[start:s.pos:s.pos])
		}
		if s.take(']') {
			return true
		}
		if !s.take(',') {
			return false
		}
	}
}

// value reads the value that begins here. What may follow it is for the caller to check.
func (s *scanner) value(depth int) bool {
	switch c := s.peek(); {
	case c == '"':
		_, ok := s.text()
		return ok
	case depth == 0:
		return false
	case c == '{':
		return s.object(depth)
	case c == '[':
		return s.array(depth, nil)
	case c == 't':
		return s.literal("true")
	case c == 'f':
		return s.literal("false")
	case c == 'n':
		return s.literal("null")
	default:
		return s.integer()
	}
}

func (s *scanner) literal(word string) bool {
	if !bytes.HasPrefix(s.data[s.pos:], []byte(word)) {
		return false
	}
	s.pos += len(word)
	return true
}

// integer reads a number up to where it stops being one without fraction and exponent.
func (s *scanner) integer() bool {
	if bytes.HasPrefix(s.data[s.pos:], []byte{'-'}) {
		s.pos++
	}
	start := s.pos
	for s.pos < len(s.data) && '0' <= s.data[s.pos] && s.data[s.pos] <= '9' {
		s.pos++
	}
	digits := s.data[start:s.pos]
	return len(digits) > 0 && len(digits) < scanDigits && (digits[0] != '0' || len(digits) == 1)
}

// text reads a string, whose opening quote is next.
func (s *scanner) text() (escaped, ok bool) {
	for i := s.pos + 1; ; i++ {
		i += plain(s.data[i:])
		if i == len(s.data) {
			return escaped, false
		}
		switch s.data[i] {
		case '"':
			s.pos = i + 1
			return escaped, true
		case '\\':
			escaped = true
			if i++; i == len(s.data) || simpleEscapes[s.data[i]] == 0 {
				return true, false
			}
		default:
			return escaped, false
		}
	}
}

// plain returns how many bytes text begins with that are no quote, backslash or control character. It
// looks at eight at a time; of a word, the lowest byte with its high bit set is the first found
// (Mycroft's test for a zero byte).
func plain(text []byte) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	n := 0
	for ; len(text)-n >= 8; n += 8 {
		w := binary.LittleEndian.Uint64(text[n:])
		quote, backslash := w^'"'*ones, w^'\\'*ones
		found := ((quote - ones) &^ quote) | ((backslash - ones) &^ backslash) | ((w - ' '*ones) &^ w)
		if found &= highs; found != 0 {
			return n + bits.TrailingZeros64(found)/8
		}
	}
	i := slices.IndexFunc(text[n:], func(c byte) bool { return c == '"' || c == '\\' || c < ' ' })
	if i < 0 {
		return len(text)
	}
	return n + i
}
