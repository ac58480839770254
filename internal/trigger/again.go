package trigger

// Again reads the kept bytes of a rejected message with the current code. kind is the trigger that delivered it.
// An HTTP body is read only as an event. Anything else that looks like an HTTP request is rejected again, because
// it can no longer be authenticated.
func Again(kind Kind, kept []byte) []Message {
	switch kind {
	case HTTP:
		return []Message{{Trigger: HTTP, Body: kept, Sent: kept}}
	case MNSTopic, MNSQueue: // a message, or the envelope if it has no message
		return []Message{readText(unwrap(kept), kept, kind)}
	default:
		if d := Read(kept); d.Request == nil {
			return d.Messages
		}
		return []Message{unknown(kept, Direct, "an HTTP trigger event, which can no longer be authenticated")}
	}
}
