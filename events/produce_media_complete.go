package events

// TypeProduceMediaComplete is the EventType of the event that an edit (a media production job) has ended.
// Source: "Video composition complete" (ApsaraVideo VOD), "Event list" (IMS).
const TypeProduceMediaComplete = "ProduceMediaComplete"

// produceMediaComplete reads the event strictly.
func (r *reader) produceMediaComplete() Event {
	e := Event{EventType: TypeProduceMediaComplete, EventTime: r.time("EventTime", false)}
	if r.isIMS() {
		r.imsProduceMediaComplete(&e)
	} else {
		r.vodProduceMediaComplete(&e)
	}
	return e
}

func (r *reader) vodProduceMediaComplete(e *Event) {
	e.Producer = VOD
	e.Status = r.status("Status")
	e.MediaID = r.required("MediaId")
	e.ProjectID = r.required("ProjectId")
	e.ErrorCode = r.optional("ErrorCode")
	e.ErrorMessage = r.optional("ErrorMessage")
	e.UserData = r.passThrough("Extend")
}

func (r *reader) imsProduceMediaComplete(e *Event) {
	e.Producer = IMS
	e.UserID = r.number("UserId")
	b := r.within("MessageBody")
	e.Status = b.status("Status")
	e.JobID = b.required("JobId")
	e.MediaID = b.optional("MediaId")
	e.ProjectID = b.optional("ProjectId")
	e.MediaURL = b.optional("MediaURL")
	e.UserData = b.passThrough("UserData")
	e.ErrorCode = b.optional("ErrorCode")
	e.ErrorMessage = b.optional("ErrorMessage")
}
