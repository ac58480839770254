package events

// otherType reads an event of any type but ProduceMediaComplete by the members that the types have in common.
// Only the type and the time are required, because the published samples spell the members in several ways, and
// some samples omit members that their documentation calls required.
func (r *reader) otherType(eventType string) Event {
	if !IsType(eventType) {
		r.fail("EventType", typeForm)
	}
	e := Event{EventType: eventType, Producer: VOD, EventTime: r.time("EventTime", true), UserID: r.first("UserId")}
	b := r
	if !empty(r.object.Get("MessageBody")) {
		e.Producer, b = IMS, r.within("MessageBody")
	}
	switch lower(b.first("Status")) {
	case "success", "succeed":
		e.Status = Success
	case "fail", "failed":
		e.Status = Fail
	}
	e.MediaID = b.first("MediaId", "VideoId", "ImageId", "AttachedMediaId")
	e.JobID = b.first("JobId", "TaskId", "MediaRefreshJobId")
	e.ProjectID = b.first("ProjectId")
	e.MediaURL = b.first("MediaURL", "FileURL", "FileUrl")
	e.UserData = b.first("Extend", "UserData")
	e.ErrorCode, e.ErrorMessage = b.first("ErrorCode"), b.first("ErrorMessage")
	if e.Status == Fail { // the AI events have Code and Message, with "0" and "OK" on success
		e.ErrorCode, e.ErrorMessage = b.first("ErrorCode", "Code"), b.first("ErrorMessage", "Message")
	}
	return e
}
