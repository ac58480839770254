package trigger

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
	"unicode"

	"github.com/vod-callback/recorder/internal/jsonx"
)

// Kept returns the bytes to keep of a rejected message: the message as sent, without the headers of an HTTP
// trigger event in it and without anything that looks like a signature. Both are replaced, not removed, so that a
// refused HTTP request is never read as another form later. An HTTP body is kept unchanged.
func (m Message) Kept() []byte {
	if m.Trigger == HTTP {
		return m.Sent
	}
	inner := unwrap(m.Sent)
	clean := withoutSignatures(withoutHeaders(inner))
	switch {
	case bytes.Equal(clean, inner):
		return m.Sent
	case len(inner) == len(m.Sent): // not wrapped
		return clean
	case bytes.HasPrefix(bytes.TrimSpace(m.Sent), []byte(`"`)):
		quoted, _ := json.Marshal(string(clean)) // a string can always be encoded
		return quoted
	}
	return base64.StdEncoding.AppendEncode(nil, clean)
}

// withoutHeaders returns text with "[removed]" in place of its headers, if it is an object that looks like an
// HTTP trigger event.
func withoutHeaders(text []byte) []byte {
	if envelope, err := readEnvelope(text); err != nil || !looksLikeHTTP(envelope) {
		return text
	}
	object, _ := jsonx.Lenient(text) // the envelope is readable
	clean := []byte("{")
	for i, m := range object {
		if i > 0 {
			clean = append(clean, ',')
		}
		name, _ := json.Marshal(string(m.Name)) // a string can always be encoded
		clean = append(append(clean, name...), ':')
		if strings.EqualFold(string(m.Name), "headers") {
			clean = append(clean, `"[removed]"`...)
		} else {
			clean = append(clean, m.Value...)
		}
	}
	return append(clean, '}')
}

// withoutSignatures replaces the hexadecimal digits after each name of a signature header in text. text is not
// JSON, or JSON that is not an HTTP trigger event.
func withoutSignatures(text []byte) []byte {
	const length = len("x-vod-signature")
	clean := bytes.Clone(text)
	for rest := clean; len(rest) > length; rest = rest[1:] {
		name := string(rest[:length])
		if !strings.EqualFold(name, "x-vod-signature") && !strings.EqualFold(name, "x-ice-signature") {
			continue
		}
		value := bytes.TrimLeftFunc(rest[length:], isPunctuation)
		if len(value) > len("value") && strings.EqualFold(string(value[:len("value")]), "value") { // in a list of headers
			value = bytes.TrimLeftFunc(value[len("value"):], isPunctuation)
		}
		for i := 0; i < len(value) && strings.IndexByte("0123456789abcdefABCDEF", value[i]) >= 0; i++ {
			value[i] = '*'
		}
	}
	return clean
}

func isPunctuation(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
