package trigger

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"regexp"
	"strings"

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
	kept := withoutHeaders(m.Sent)
	if inner := unwrap(m.Sent); len(inner) > 0 && &inner[0] != &m.Sent[0] {
		if clean := withoutSignatures(withoutHeaders(inner)); !bytes.Equal(clean, inner) {
			kept = wrapLike(m.Sent, clean)
		}
	}
	return withoutSignatures(kept)
}

// wrapLike returns text as a JSON string or as Base64, whichever outer is.
func wrapLike(outer, text []byte) []byte {
	if jsonx.Kind(outer) == '"' {
		quoted, _ := json.Marshal(string(text)) // a string always has a JSON form
		return quoted
	}
	return base64.StdEncoding.AppendEncode(nil, text)
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
		name, _ := json.Marshal(m.Name) // a string always has a JSON form
		clean = append(append(clean, name...), ':')
		if strings.EqualFold(m.Name, "headers") {
			clean = append(clean, `"[removed]"`...)
		} else {
			clean = append(clean, m.Value...)
		}
	}
	return append(clean, '}')
}

// signature matches the name of a signature header, what stands between it and the value, and the value.
var signature = regexp.MustCompile(`(?i)(x-(?:vod|ice)-signature\W*(?:value\W*)?)[0-9a-f]+`)

// withoutSignatures removes the value behind each name of a signature header in text: in what is not JSON,
// or in JSON that is not an HTTP trigger event.
func withoutSignatures(text []byte) []byte {
	if !mentions(text, "-signature") { // a plain search is a hundred times faster
		return text
	}
	return signature.ReplaceAll(text, []byte("${1}[removed]"))
}

// mentions reports whether text has word, which begins with a hyphen, without regard to case.
func mentions(text []byte, word string) bool {
	for {
		i := bytes.IndexByte(text, word[0])
		if i < 0 || len(text)-i < len(word) {
			return false
		}
		if text = text[i:]; strings.EqualFold(string(text[:len(word)]), word) {
			return true
		}
		text = text[1:]
	}
}
