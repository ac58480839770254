package trigger

import "github.com/vod-callback/recorder/internal/jsonx"

// Again reads what was kept of a rejected message as it would be read today. kind is what it came
// through. An HTTP body is no more than a body; and nothing else that looks like an HTTP request becomes
// an event, since whether it was authentic cannot be known any more.
func Again(kind Kind, kept []byte) []Message {
	switch kind {
	case HTTP:
		return []Message{{Trigger: HTTP, Body: kept, Sent: kept}}
	case MNSTopic, MNSQueue:
		return []Message{readKept(kind, kept)}
	default:
		d := Read(kept)
		if d.Request != nil {
			m := unknownMessage(kept, Direct)
			m.Reason = "an HTTP trigger event, which cannot be authenticated any more"
			return []Message{m}
		}
		return d.Messages
	}
}

// readKept reads a message of a topic or queue, or the envelope where no message was found in it.
func readKept(kind Kind, kept []byte) Message {
	text := kept
	switch jsonx.Kind(kept) {
	case '{':
	case '"': // an element of a batch that was a string
		text, _ = unquote(kept)
	default:
		text, _ = decodeBase64(kept)
	}
	if object, err := jsonx.Lenient(text); err == nil {
		return readMessage(object, text, kept, kind)
	}
	return unknownMessage(kept, kind)
}
