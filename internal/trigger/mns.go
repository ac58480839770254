package trigger

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/vod-callback/recorder/internal/jsonx"
)

// isTopic recognises the MNS topic trigger with notifyContentFormat JSON. Message attributes are merged
// into the object as further members, so nothing can be said of the rest.
func isTopic(object jsonx.Object) bool {
	return object.Has("TopicName") && object.Has("Message")
}

func readTopic(object jsonx.Object, text []byte) Message {
	if name := object.Repeated("TopicName", "Message", "MessageId"); name != "" {
		return ambiguous(text, MNSTopic, name)
	}
	id, _ := object.Get("MessageId")
	message, _ := object.Get("Message")
	return readMessageBody(message, MNSTopic, identifier(id))
}

// readStream reads the MNS topic trigger with notifyContentFormat STREAM, for a message with attributes.
func readStream(object jsonx.Object, text []byte) Message {
	if name := object.Repeated("body", "attrs"); name != "" {
		return ambiguous(text, MNSTopic, name)
	}
	body, _ := object.Get("body")
	return readMessageBody(body, MNSTopic, "")
}

// isCloudEvent recognises what EventBridge pushes with eventSchema CloudEvents. Its type is not
// checked: the documents spell it in more than one way.
func isCloudEvent(object jsonx.Object) bool {
	return object.Has("specversion") && object.Has("data")
}

func readCloudEvent(object jsonx.Object, text []byte) Message {
	if name := object.Repeated("specversion", "data"); name != "" {
		return ambiguous(text, MNSQueue, name)
	}
	m, _ := object.Member("data")
	data, ok := m.Object()
	if !ok || !data.Has("messageBody") {
		m := unknownMessage(text, MNSQueue)
		m.Reason = "a CloudEvent without data.messageBody, so not one of an MNS queue"
		return m
	}
	return readQueueData(data, text)
}

// readQueueData reads the data part of a CloudEvent, which is all that eventSchema RawData pushes.
func readQueueData(data jsonx.Object, text []byte) Message {
	if name := data.Repeated("messageBody", "messageId"); name != "" {
		return ambiguous(text, MNSQueue, name)
	}
	id, _ := data.Get("messageId")
	body, _ := data.Get("messageBody")
	return readMessageBody(body, MNSQueue, identifier(id))
}

// readMessageBody takes the event's text out of v: a string of JSON, a string of Base64 of JSON (MNS
// keeps what the publisher sent, and its SDKs encode by default), or the event itself.
func readMessageBody(v jsontext.Value, kind Kind, id string) Message {
	m := Message{Trigger: kind, ID: id, Body: v, Sent: v}
	if v.Kind() != '"' {
		return m
	}
	m.Sent = jsonx.Text(v)
	m.Body = m.Sent
	if jsonx.Kind(m.Sent) != '{' {
		if decoded, ok := decodeBase64(m.Sent); ok && jsonx.Kind(decoded) == '{' {
			m.Body = decoded
		}
	}
	return m
}

// ambiguous is a message whose envelope says something twice: which of the two is meant would depend
// on their order.
func ambiguous(text []byte, kind Kind, name string) Message {
	m := unknownMessage(text, kind)
	m.Reason = "the delivery has the member " + name + " more than once"
	return m
}

// identifier returns a message's identifier: a string, or a number as spelled.
func identifier(v jsontext.Value) string {
	switch v.Kind() {
	case '"':
		return string(jsonx.Text(v))
	case '0':
		return string(v)
	default:
		return ""
	}
}
