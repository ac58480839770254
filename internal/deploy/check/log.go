package check

import "slices"

// Logged has the members of each log line by msg, with dots between levels. A test compares them with what the
// functions log.
var Logged = map[string][]string{
	"outcome":    with(recordMembers...),
	"recorded":   with("event_type", "trigger", "message_id", "producer", "status", "media_id", "project_id", "job_id", "error_code", "key"),
	"duplicate":  with("event_type", "trigger", "message_id", "producer", "status", "media_id", "project_id", "job_id", "error_code", "key"),
	"ignored":    with("event_type", "trigger"),
	"refused":    with("reason", "method"),
	"rejected":   with(append([]string{"key"}, rejectedMembers...)...),
	"unrecorded": with(slices.Concat(recordMembers, rejectedMembers, []string{"error"})...),
	"missing":    with(recordMembers...),
}

// rejectedMembers are the members of a line about rejected input.
var rejectedMembers = []string{"reason", "trigger", "message_id", "received_at", "payload", "payload_base64"}

// recordMembers are the members of a record in a line.
var recordMembers = []string{
	"outcome", "outcome.schema_version", "outcome.event_type", "outcome.event_time", "outcome.status", "outcome.media_id",
	"outcome.project_id", "outcome.error_code", "outcome.error_message", "outcome.job_id", "outcome.media_url", "outcome.user_data",
	"outcome.user_id", "outcome.producer", "outcome.trigger", "outcome.message_id", "outcome.request_id", "outcome.account_id",
	"outcome.region", "outcome.received_at", "outcome.raw",
}

// with adds the members that every line has.
func with(members ...string) []string {
	return append([]string{"time", "level", "msg", "request_id"}, members...)
}

// writes reports whether any line has the member.
func writes(member string) bool {
	for _, members := range Logged {
		if slices.Contains(members, member) {
			return true
		}
	}
	return false
}
