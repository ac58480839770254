package jsonx

import (
	"fmt"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// AppendText appends s to dst as a JSON string, with U+FFFD for what is not UTF-8, and with escapes for
// all that Unobeyed escapes.
func AppendText[T ~[]byte | ~string](dst []byte, s T) []byte {
	if harmless(s) {
		return append(append(append(dst, '"'), s...), '"')
	}
	start := len(dst)
	dst, _ = jsontext.AppendQuote(dst, s) // the error is about what became U+FFFD
	return append(dst[:start], Unobeyed(dst[start:])...)
}

// harmless says whether s is its own spelling, as the texts of senders mostly are.
func harmless[T ~[]byte | ~string](s T) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// Unobeyed returns JSON with the characters as \u escapes that JSON lets stand but that a terminal or a
// viewer of the log could obey, so that no text of a stranger's looks like a line of ours: DEL, the C1
// controls (U+0085 ends a line, U+009B begins a terminal's command), the separators of lines and
// paragraphs, and what turns the direction of writing. They can stand in strings only, so the JSON says
// the same. It is json itself where there are none.
func Unobeyed(json []byte) []byte {
	for i, c := range json {
		if c >= 0x7f {
			return unobeyed(json, i)
		}
	}
	return json
}

// unobeyed is Unobeyed for json with something else than ASCII, the first of it at i.
func unobeyed(json []byte, i int) []byte {
	escaped := append(make([]byte, 0, len(json)+64), json[:i]...)
	for i < len(json) {
		r, size := utf8.DecodeRune(json[i:])
		if obeyed(r) {
			escaped = fmt.Appendf(escaped, `\u%04x`, r)
		} else {
			escaped = append(escaped, json[i:i+size]...)
		}
		i += size
	}
	return escaped
}

func obeyed(r rune) bool {
	switch {
	case r < 0x7f:
		return false
	case r <= 0x9f, r == 0x061c, 0x200e <= r && r <= 0x200f, 0x2028 <= r && r <= 0x202e, 0x2066 <= r && r <= 0x2069:
		return true
	default:
		return false
	}
}
