package trigger

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
	"unicode"

	"github.com/vod-callback/recorder/internal/jsonx"
)

// Kept returns what to keep of a message in which no event can be read: what was sent, but for the headers
// of an HTTP trigger event in it and for anything else that reads like a signature. They are replaced, not
// removed, so that what was refused as an HTTP request is never read as anything else later. An HTTP body is
// kept as it is.
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
		quoted, _ := json.Marshal(string(clean)) // a string always has a JSON form
		return quoted
	}
	return base64.StdEncoding.AppendEncode(nil, clean)
}

// withoutHeaders returns text with "[removed]" in place of its headers where it is an object that looks like
// an HTTP trigger event.
func withoutHeaders(text []byte) []byte {
	if envelope, err := readEnvelope(text); err != nil || !looksLikeHTTP(envelope) {
		return text
	}
	object, _ := jsonx.Lenient(text) // the envelope could be read
	clean := []byte("{")
	for i, m := range object {
		if i > 0 {
			clean = append(clean, ',')
		}
		name, _ := json.Marshal(string(m.Name)) // a string always has a JSON form
		clean = append(append(clean, name...), ':')
		if strings.EqualFold(string(m.Name), "headers") {
			clean = append(clean, `"[removed]"`...)
		} else {
			clean = append(clean, m.Value...)
		}
	}
	return append(clean, '}')
}

// withoutSignatures covers the hexadecimal digits behind each name of a signature header in text: in what is
// not JSON, or in JSON that is not an HTTP trigger event.
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
