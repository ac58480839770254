package trigger

// Again reads what was kept of a rejected message with the current code. kind is what it came through. An
// HTTP body is no more than a body; nothing else that looks like an HTTP request becomes an event, because
// whether it was authentic cannot be known any more.
func Again(kind Kind, kept []byte) []Message {
	switch kind {
	case HTTP:
		return []Message{{Trigger: HTTP, Body: kept, Sent: kept}}
	case MNSTopic, MNSQueue: // a message, or the envelope where no message was found in it
		return []Message{readText(unwrap(kept), kept, kind)}
	default:
		if d := Read(kept); d.Request == nil {
			return d.Messages
		}
		return []Message{unknown(kept, Direct, "an HTTP trigger event, which cannot be authenticated any more")}
	}
}
