package events

import (
	"cmp"
	"time"
)

// A Producer is the service that published an event.
type Producer string

// The producers. VOD puts the members at the top level of the event, IMS inside MessageBody.
const (
	VOD Producer = "vod" // ApsaraVideo VOD
	IMS Producer = "ims" // Intelligent Media Services
)

// A Status is the result that an event reports.
type Status string

// The statuses. The producers spell them success, Success, Succeed, fail, Fail and Failed.
const (
	Success Status = "success"
	Fail    Status = "fail"
)

// An Event is the content of a callback. The field tags are the names of the members in the record. The
// comments say what Parse guarantees; a text that was not sent is empty.
type Event struct {
	EventType string    `json:"event_type,omitempty"` // such as TypeProduceMediaComplete
	EventTime time.Time `json:"event_time"`           // in UTC; its year has four digits
	// Status is Success or Fail. It can be empty in other types than ProduceMediaComplete.
	Status Status `json:"status,omitempty"`
	// MediaID is the media ID. In ProduceMediaComplete it identifies the produced media; VOD always sends it, IMS
	// may omit it.
	MediaID string `json:"media_id,omitempty"`
	// ProjectID is the editing project. VOD always sends it with ProduceMediaComplete.
	ProjectID    string `json:"project_id,omitempty"`
	ErrorCode    string `json:"error_code,omitempty"`    // on errors, such as InvalidParameter.ResourceContentBad
	ErrorMessage string `json:"error_message,omitempty"` // on errors, in words
	// JobID is the job ID. IMS always sends it with ProduceMediaComplete; VOD never sends it.
	JobID    string `json:"job_id,omitempty"`
	MediaURL string `json:"media_url,omitempty"` // the URL of the file
	// UserData is the pass-through data of the API caller: Extend of VOD, UserData of IMS. It is the text as sent,
	// or compact JSON if it was not a string.
	UserData string   `json:"user_data,omitempty"`
	UserID   string   `json:"user_id,omitempty"` // the account ID, as spelled
	Producer Producer `json:"producer,omitempty"`
}

// Subject returns the media ID or, if there is none, the job ID. It is never empty for ProduceMediaComplete.
func (e Event) Subject() string { return cmp.Or(e.MediaID, e.JobID) }

// MaxSize is the maximum size of an event's text for Parse, in bytes. A queue message has at most 64 KiB and a
// callback 256 KiB.
const MaxSize = 1 << 20

// Parse reads one event from its JSON text, if types selects its type.
//
// Member names match exactly. A repeated name (at any depth, with any escapes), invalid UTF-8, a lone
// surrogate, a number beyond an IEEE 754 double, trailing data, and a text over MaxSize are errors. Unknown
// members are ignored. If types does not select the event, Parse returns ErrOtherType and only the EventType.
// For an event that breaks the published form it returns a *FieldError.
func Parse(data []byte, types Selection) (Event, error) {
	r := newReader(data)
	var e Event
	switch eventType := r.required("EventType"); {
	case !r.ok():
	case !types.Has(eventType):
		return Event{EventType: eventType}, ErrOtherType
	case eventType == TypeProduceMediaComplete:
		e = r.produceMediaComplete()
	default:
		e = r.otherType(eventType)
	}
	if !r.ok() {
		return Event{}, *r.fault
	}
	return e, nil
}
