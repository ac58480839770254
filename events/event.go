package events

import (
	"cmp"
	"time"
)

// A Producer is the service that published an event.
type Producer string

// The producers, told apart by where the facts are: flat, or in MessageBody.
const (
	VOD Producer = "vod" // ApsaraVideo VOD
	IMS Producer = "ims" // Intelligent Media Services
)

// A Status says how the work that an event is about ended.
type Status string

// The statuses. The producers spell them success, Success, Succeed, fail, Fail and Failed.
const (
	Success Status = "success"
	Fail    Status = "fail"
)

// An Event is what a callback says, with the member that the record has for each of its fields. The
// comments say what is guaranteed once Parse has returned it; a text that was not sent is empty.
type Event struct {
	EventType string    `json:"event_type,omitempty"` // such as TypeProduceMediaComplete
	EventTime time.Time `json:"event_time"`           // in UTC; its year has four digits
	// Status is Success or Fail. It is empty where an event of another type than ProduceMediaComplete has neither.
	Status Status `json:"status,omitempty"`
	// MediaID is the media ID: of ProduceMediaComplete the produced medium, which VOD always sends and IMS may
	// leave out.
	MediaID string `json:"media_id,omitempty"`
	// ProjectID is the editing project, which VOD always sends with ProduceMediaComplete.
	ProjectID    string `json:"project_id,omitempty"`
	ErrorCode    string `json:"error_code,omitempty"`    // on errors, such as InvalidParameter.ResourceContentBad
	ErrorMessage string `json:"error_message,omitempty"` // on errors, in words
	// JobID is the job. IMS always sends it with ProduceMediaComplete; VOD never does.
	JobID    string `json:"job_id,omitempty"`
	MediaURL string `json:"media_url,omitempty"` // where the file is
	// UserData is what the caller of the API passed through: Extend of VOD, UserData of IMS. It is the text as
	// sent, or compact JSON where it was not a string.
	UserData string   `json:"user_data,omitempty"`
	UserID   string   `json:"user_id,omitempty"` // the account, a number as spelled
	Producer Producer `json:"producer,omitempty"`
}

// Subject returns what the event is about: the media ID or, where there is none, the job ID. It is never
// empty for ProduceMediaComplete.
func (e Event) Subject() string { return cmp.Or(e.MediaID, e.JobID) }

// MaxSize is the largest text of an event that Parse reads, in bytes. A queue carries 64 KiB and a
// callback 256 KiB.
const MaxSize = 1 << 20

// Parse reads one event of the types that types selects from its JSON text.
//
// Member names match exactly. A repeated name (at any depth, however escaped), invalid UTF-8, a lone
// surrogate, a number beyond an IEEE 754 double, trailing data, and a text over MaxSize are errors. Unknown
// members are ignored. The error is ErrOtherType where types does not select the event, of which only the
// EventType is returned then, and a *FieldError for everything that breaks the published form.
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
