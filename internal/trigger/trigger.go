// Package trigger tells what Function Compute hands to the function: through which trigger a payload
// came, and which messages are in it. It knows the envelopes and nothing of the events inside, so that
// one event reads the same whichever way it came.
//
// The envelope types of the SDK's events package are not used: they do not decode the platform's own
// samples (a numeric PublishTime, a messageBody that is an object).
package trigger

import (
	"bytes"
	"encoding/base64"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/vod-callback/recorder/internal/jsonx"
)

// A Kind names the trigger that a message came through, as the record has it.
type Kind string

// The kinds.
const (
	HTTP     Kind = "http"      // HTTP trigger, FC 3.0
	MNSTopic Kind = "mns_topic" // MNS topic trigger, JSON or STREAM
	MNSQueue Kind = "mns_queue" // MNS queue through EventBridge
	Direct   Kind = "direct"    // the bare event: s invoke, a console test, STREAM without attributes
)

// A Delivery is one payload, read: an HTTP request, or any number of messages.
type Delivery struct {
	Request  *Request // not nil for the HTTP trigger only; there are no Messages then
	Messages []Message
}

// A Message is one text that should hold an event.
type Message struct {
	Trigger Kind
	ID      string // the queue's or topic's identifier of it, or ""
	// Body is the JSON text to read as an event. It is nil where Reason says why there is none.
	Body []byte
	// Sent is the message as sent, or, where its form is unknown, the payload that held it.
	Sent   []byte
	Reason string
}

// Kept returns what to keep of a message in which no event can be read: what was sent, but for the
// headers of an HTTP trigger event in it, since they may hold a signature. An HTTP body is as it is.
func (m Message) Kept() []byte {
	if m.Trigger == HTTP {
		return m.Sent
	}
	return withoutHeaders(m.Sent)
}

// Read tells the forms apart by the payload alone, as FC hands every trigger's payload to the one
// handler. It never fails: what has no known form is a message with a Reason. The order of the checks is
// part of what is promised; member order never matters.
func Read(payload []byte) Delivery {
	switch jsonx.Kind(payload) {
	case '{':
		return readObject(payload)
	case '[':
		if elements, err := jsonx.Elements(payload); err == nil {
			return Delivery{Messages: readElements(elements)}
		}
	case '"':
		if text, ok := unquote(payload); ok {
			return readInner(text, payload)
		}
	default:
		if text, ok := decodeBase64(payload); ok {
			return readInner(text, payload)
		}
	}
	return unknown(payload)
}

// readObject reads a payload that begins an object.
func readObject(payload []byte) Delivery {
	object, err := jsonx.Lenient(payload)
	if err != nil {
		return unknown(payload)
	}
	if isHTTP(object) {
		return Delivery{Request: readRequest(object)}
	}
	return single(readMessage(object, payload, payload, Direct))
}

// readInner reads text, which a JSON string or Base64 holds: the one unwrapping there is.
func readInner(text, payload []byte) Delivery {
	switch jsonx.Kind(text) {
	case '{':
		if object, err := jsonx.Lenient(text); err == nil {
			return single(readMessage(object, text, payload, Direct))
		}
	case '[':
		if elements, err := jsonx.Elements(text); err == nil {
			return Delivery{Messages: readElements(elements)}
		}
	}
	return unknown(payload)
}

// readElements reads a batch: objects, or strings that hold one.
func readElements(elements []jsontext.Value) []Message {
	messages := make([]Message, len(elements))
	for i, element := range elements {
		messages[i] = readElement(element)
	}
	return messages
}

func readElement(element jsontext.Value) Message {
	text := []byte(element)
	if element.Kind() == '"' {
		text = jsonx.Text(element)
	}
	if jsonx.Kind(text) == '{' {
		if object, err := jsonx.Lenient(text); err == nil {
			return readMessage(object, text, element, MNSQueue)
		}
	}
	return unknownMessage(element, MNSQueue)
}

// readMessage finds the message in object, whose text is text and which came in outer. otherwise is the
// kind that counts where the form says nothing.
func readMessage(object jsonx.Object, text, outer []byte, otherwise Kind) Message {
	switch {
	case isTopic(object):
		return readTopic(object, text)
	case looksLikeHTTP(object):
		m := unknownMessage(text, otherwise)
		m.Reason = "an HTTP trigger event inside an array or a string, where it cannot be authenticated"
		return m
	case isCloudEvent(object):
		return readCloudEvent(object, text)
	case object.Has("messageBody"):
		return readQueueData(object, text)
	case object.Has("body") && object.Has("attrs"):
		return readStream(object, text)
	case object.Has("EventType"):
		return Message{Trigger: Direct, Body: text, Sent: text}
	default:
		return unknownMessage(outer, otherwise)
	}
}

func single(m Message) Delivery { return Delivery{Messages: []Message{m}} }

func unknown(payload []byte) Delivery { return single(unknownMessage(payload, Direct)) }

func unknownMessage(payload []byte, kind Kind) Message {
	return Message{
		Trigger: kind,
		Sent:    payload,
		Reason:  "no known form of delivery: want an event, or the payload of an HTTP, MNS topic or MNS queue trigger",
	}
}

// unquote returns what payload, which begins a JSON string, says.
func unquote(payload []byte) ([]byte, bool) {
	v := jsontext.Value(payload)
	if !v.IsValid(jsontext.AllowInvalidUTF8(true)) {
		return nil, false
	}
	return jsonx.Text(bytes.TrimSpace(payload)), true
}

// decodeBase64 returns what text says in Base64 (RFC 4648, padded), if it does.
func decodeBase64(text []byte) ([]byte, bool) {
	text = bytes.TrimSpace(text)
	out := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	n, err := base64.StdEncoding.Decode(out, text)
	if err != nil || n == 0 {
		return nil, false
	}
	return out[:n], true
}
