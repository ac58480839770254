// Package trigger reads the payload of an invocation: it finds which trigger delivered the payload, and which
// messages are in it. It knows the envelopes but not the events inside, so that the same event is read in the
// same way through every trigger.
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

// A Kind is the name of a trigger, as in the record.
type Kind string

// The kinds.
const (
	HTTP     Kind = "http"      // HTTP trigger, FC 3.0
	MNSTopic Kind = "mns_topic" // MNS topic trigger, JSON or STREAM
	MNSQueue Kind = "mns_queue" // MNS queue through EventBridge
	Direct   Kind = "direct"    // the bare event: s invoke, a console test, STREAM without attributes
)

// MaxBatch is the maximum number of messages in a batch. EventBridge delivers at most 10,000. A longer array is
// kept as one rejected payload.
const MaxBatch = 100_000

// A Delivery is the content of one payload: an HTTP request, or any number of messages.
type Delivery struct {
	Request  *Request // set only for the HTTP trigger; then there are no Messages
	Messages []Message
}

// A Message is one text that should hold an event.
type Message struct {
	Trigger Kind
	ID      string // the message ID of the queue or topic, or ""
	// Body is the JSON text to read as an event. If it is nil, Reason says why.
	Body []byte
	// Sent is the message as sent or, if its form is unknown, the payload that contains it.
	Sent   []byte
	Reason string
}

// Read reads a payload. It recognises the form from the payload alone, because FC passes the payloads of all
// triggers to the same handler. It never fails: a payload of an unknown form is a message with a Reason. The order
// of the checks is part of the documented behaviour. The order of members never matters.
func Read(payload []byte) Delivery {
	text := unwrap(payload)
	if jsontext.Value(text).Kind() == '[' {
		return Delivery{Messages: readBatch(text, payload)}
	}
	envelope, err := readEnvelope(text)
	switch {
	case err != nil:
		return Delivery{Messages: []Message{unknown(payload, Direct, unknownForm)}}
	case jsontext.Value(payload).Kind() == '{' && !isTopic(envelope) && looksLikeHTTP(envelope):
		return Delivery{Request: readRequest(envelope)}
	}
	return Delivery{Messages: []Message{readMessage(envelope, text, payload, Direct)}}
}

// readBatch reads text, an array of objects or of strings that contain an object. payload contains text.
func readBatch(text, payload []byte) []Message {
	elements, err := jsonx.Elements(text, MaxBatch)
	if err != nil {
		return []Message{unknown(payload, Direct, unknownForm)}
	}
	messages := make([]Message, len(elements))
	for i, element := range elements {
		text := []byte(element)
		if element.Kind() == '"' {
			text = jsonx.Text(element)
		}
		messages[i] = readText(text, element, MNSQueue)
	}
	return messages
}

// readText reads text, which should be an object. outer contains text.
func readText(text, outer []byte, otherwise Kind) Message {
	envelope, err := readEnvelope(text)
	if err != nil {
		return unknown(outer, otherwise, unknownForm)
	}
	return readMessage(envelope, text, outer, otherwise)
}

// envelopeNames are the members that distinguish the forms.
var envelopeNames = []string{
	"TopicName", "Message", "MessageId", "requestContext", "headers", "body", "isBase64Encoded", "rawPath",
	"specversion", "data", "messageBody", "messageId", "attrs", "EventType",
}

func readEnvelope(text []byte) (jsonx.Object, error) { return jsonx.Lenient(text, envelopeNames...) }

// isTopic recognises the MNS topic trigger with notifyContentFormat JSON. The object may have any other members,
// because the trigger adds the message attributes to it.
func isTopic(envelope jsonx.Object) bool { return envelope.Has("TopicName") && envelope.Has("Message") }

// readMessage finds the message in the object text. outer contains text. otherwise is the kind of a message whose
// form does not determine it.
func readMessage(envelope jsonx.Object, text, outer []byte, otherwise Kind) Message {
	switch {
	case isTopic(envelope):
		return readBody(envelope, text, MNSTopic, "Message", "MessageId", "TopicName")
	case looksLikeHTTP(envelope):
		return unknown(text, otherwise, "an HTTP trigger event inside an array or a string, where it cannot be authenticated")
	case envelope.Has("specversion") && envelope.Has("data"): // EventBridge, eventSchema CloudEvents
		return readCloudEvent(envelope, text)
	case envelope.Has("messageBody"): // only the data part: eventSchema RawData
		return readBody(envelope, text, MNSQueue, "messageBody", "messageId")
	case envelope.Has("body") && envelope.Has("attrs"): // notifyContentFormat STREAM, with attributes
		return readBody(envelope, text, MNSTopic, "body", "", "attrs")
	case envelope.Has("EventType"):
		return Message{Trigger: Direct, Body: text, Sent: text}
	}
	return unknown(outer, otherwise, unknownForm)
}

// readCloudEvent reads a CloudEvent. It ignores the type, because the documentation spells it in several ways.
func readCloudEvent(envelope jsonx.Object, text []byte) Message {
	data, err := readEnvelope(envelope.Get("data"))
	switch repeated := envelope.Repeated("specversion", "data"); {
	case repeated != "":
		return unknown(text, MNSQueue, ambiguous+repeated)
	case err != nil || !data.Has("messageBody"):
		return unknown(text, MNSQueue, "a CloudEvent without data.messageBody, so not one of an MNS queue")
	}
	return readBody(data, text, MNSQueue, "messageBody", "messageId")
}

// readBody reads the event's text from the member of envelope called body: a string of JSON, a string of Base64
// of JSON (MNS keeps what the publisher sent, and its SDKs encode by default), or the event itself. The members
// that determine the form must not be repeated, because the meaning would depend on their order.
func readBody(envelope jsonx.Object, whole []byte, kind Kind, body, id string, others ...string) Message {
	if name := envelope.Repeated(append(others, body, id)...); name != "" {
		return unknown(whole, kind, ambiguous+name)
	}
	v := envelope.Get(body)
	m := Message{Trigger: kind, ID: text(envelope.Get(id)), Body: v, Sent: v}
	if v.Kind() != '"' {
		return m
	}
	m.Sent = jsonx.Text(v)
	m.Body = m.Sent
	if jsontext.Value(m.Sent).Kind() != '{' {
		if decoded, ok := decodeBase64(m.Sent); ok && jsontext.Value(decoded).Kind() == '{' {
			m.Body = decoded
		}
	}
	return m
}

// text returns the value of a string, or a number as spelled.
func text(v jsontext.Value) string {
	switch v.Kind() {
	case '"':
		return string(jsonx.Text(v))
	case '0':
		return string(v)
	}
	return ""
}

// unwrap returns the content of payload, if it is a JSON string or Base64 text, or else payload itself. A message
// is unwrapped once.
func unwrap(payload []byte) []byte {
	switch jsontext.Value(payload).Kind() {
	case '{', '[':
	case '"':
		if v := jsontext.Value(payload); v.IsValid(jsontext.AllowInvalidUTF8(true)) {
			return jsonx.Text(v)
		}
	default:
		if text, ok := decodeBase64(payload); ok {
			return text
		}
	}
	return payload
}

// decodeBase64 decodes text, if it is Base64 (RFC 4648, padded).
func decodeBase64(text []byte) ([]byte, bool) {
	decoded, err := base64.StdEncoding.AppendDecode(nil, bytes.TrimSpace(text))
	return decoded, err == nil && len(decoded) > 0
}

const (
	unknownForm = "no known form of delivery: want an event, or the payload of an HTTP, MNS topic or MNS queue trigger"
	ambiguous   = "the delivery repeats the member "
)

// unknown returns a message without an event, for reason.
func unknown(sent []byte, kind Kind, reason string) Message {
	return Message{Trigger: kind, Sent: sent, Reason: reason}
}
