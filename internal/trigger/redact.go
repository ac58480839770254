package trigger

import (
	"bytes"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/vod-callback/recorder/internal/jsonx"
)

// redactDepth is how deep withoutHeaders looks for HTTP events in arrays and strings.
const redactDepth = 8

// withoutHeaders returns payload without the headers of any HTTP trigger event in it, since they may
// hold a signature and the payload is going to be kept. What holds none stays as it is.
func withoutHeaders(payload []byte) []byte {
	if text, changed := redact(payload, redactDepth); changed {
		payload = text
	}
	return maskSignatures(payload)
}

func redact(text []byte, depth int) (out []byte, changed bool) {
	if depth == 0 {
		return text, false
	}
	switch jsonx.Kind(text) {
	case '{':
		return redactObject(text)
	case '[':
		return redactArray(text, depth)
	case '"':
		inner, ok := unquote(text)
		if !ok {
			return text, false
		}
		if inner, changed = redact(inner, depth-1); !changed {
			return text, false
		}
		out, _ = jsontext.AppendQuote(nil, inner)
		return out, true
	default:
		inner, ok := decodeBase64(text)
		if !ok || !slices.Contains([]jsontext.Kind{'{', '[', '"'}, jsonx.Kind(inner)) {
			return text, false
		}
		if inner, changed = redact(inner, depth-1); !changed {
			return text, false
		}
		return inner, true
	}
}

func redactObject(text []byte) (out []byte, changed bool) {
	object, err := jsonx.Lenient(text)
	if err != nil || !looksLikeHTTP(object) {
		return text, false
	}
	out = append(out, '{')
	for m := range object.All() {
		if strings.EqualFold(m.Name(), "headers") {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out, _ = jsontext.AppendQuote(out, m.Name())
		out = append(append(out, ':'), m.Value()...)
	}
	return append(out, '}'), true
}

func redactArray(text []byte, depth int) (out []byte, changed bool) {
	elements, err := jsonx.Elements(text)
	if err != nil {
		return text, false
	}
	parts := make([][]byte, len(elements))
	for i, element := range elements {
		var c bool
		parts[i], c = redact(element, depth-1)
		changed = changed || c
	}
	return slices.Concat([]byte("["), bytes.Join(parts, []byte(",")), []byte("]")), changed
}

// maskSignatures covers the value behind each name of a signature header that is left in text: in what
// is no JSON, or in JSON that is not of the form of an HTTP trigger event.
func maskSignatures(text []byte) []byte {
	masked := false
	for _, name := range []string{"x-vod-signature", "x-ice-signature"} {
		for at := 0; ; {
			i := indexFold(text[at:], name)
			if i < 0 {
				break
			}
			at += i + len(name)
			if !masked {
				text, masked = bytes.Clone(text), true // the payload is not ours to change
			}
			maskHex(text[at:])
		}
	}
	return text
}

// maskHex covers the hexadecimal digits that follow, after any number of quotes, colons, backslashes and the
// like, and the word with which a list of headers names the value.
func maskHex(text []byte) {
	text = skipPunctuation(text)
	if len(text) > len("value") && strings.EqualFold(string(text[:len("value")]), "value") {
		text = skipPunctuation(text[len("value"):])
	}
	for i := 0; i < len(text) && isHex(text[i]); i++ {
		text[i] = '*'
	}
}

func skipPunctuation(text []byte) []byte {
	for i, c := range text {
		if '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' {
			return text[i:]
		}
	}
	return nil
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// indexFold returns where name, in lower case, begins in text without regard to ASCII case, or -1.
func indexFold(text []byte, name string) int {
	for i := 0; i+len(name) <= len(text); i++ {
		if text[i]|0x20 == name[0] && strings.EqualFold(string(text[i:i+len(name)]), name) {
			return i
		}
	}
	return -1
}
