package check

import "slices"

// Logged are the members of each line that a function logs, by its msg, with dots between levels. A test holds them
// against what the functions really log.
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

// rejectedMembers are the members of a line about input without an event.
var rejectedMembers = []string{"reason", "trigger", "message_id", "received_at", "payload", "payload_base64"}

// recordMembers are the members of a record, where a line holds one.
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

// writes says whether any line has the member.
func writes(member string) bool {
	for _, members := range Logged {
		if slices.Contains(members, member) {
			return true
		}
	}
	return false
}
