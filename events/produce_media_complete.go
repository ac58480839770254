package events

import (
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/vod-callback/recorder/internal/jsonx"
)

// TypeProduceMediaComplete is the EventType of the event that Parse reads, in both published forms.
const TypeProduceMediaComplete = "ProduceMediaComplete"

// A Producer is the service that published an event.
type Producer string

// The producers, told apart by where the facts stand: flat, or in MessageBody.
const (
	VOD Producer = "vod" // ApsaraVideo VOD
	IMS Producer = "ims" // Intelligent Media Services
)

// A Status says how a production ended.
type Status string

// The statuses. The producers spell them success, fail, Success, Fail and Failed.
const (
	Success Status = "success"
	Fail    Status = "fail" // no source file of the produced medium exists
)

// ProduceMediaComplete says that one media production job has ended, well or badly. The fields say
// what is guaranteed once Parse has returned it; an optional text that was not sent is empty.
type ProduceMediaComplete struct {
	Producer Producer
	Time     time.Time // EventTime, in UTC; its year has four digits
	Status   Status    // Success or Fail

	// MediaID is the produced medium. VOD always sends it; IMS may leave it out.
	MediaID string
	// ProjectID is the editing project. VOD always sends it; IMS may leave it out.
	ProjectID string
	// JobID is the production job. IMS always sends it; VOD never does.
	JobID string

	ErrorCode    string // on errors, such as InvalidParameter.ResourceContentBad
	ErrorMessage string // on errors, in words
	MediaURL     string // IMS only: where the produced file is
	// UserData is what the caller of the production passed through: Extend of VOD, UserData of IMS. It is the
	// text as sent, or compact JSON where it was no string.
	UserData string
	UserID   string // IMS only: the account, a number as spelled
}

// Subject is the identifier that the event is about: MediaID or, where IMS sends none, JobID. It is
// never empty.
func (e ProduceMediaComplete) Subject() string {
	if e.MediaID != "" {
		return e.MediaID
	}
	return e.JobID
}

// SubjectMember is the published name of the member that Subject returns.
func (e ProduceMediaComplete) SubjectMember() string {
	if e.MediaID != "" {
		return "MediaId"
	}
	return "JobId"
}

// Parse reads one event from its JSON text.
//
// Member names match exactly; a repeated name (at any depth, however escaped), invalid UTF-8, a lone
// surrogate, a number beyond an IEEE 754 double and trailing data make the text no event. Unknown
// members are ignored. The error is an *OtherTypeError where the text is an event of another type, which
// calls for an acknowledgement and nothing else, and a *FieldError for everything that is broken.
func Parse(data []byte) (ProduceMediaComplete, error) {
	object, err := jsonx.Strict(data)
	if err != nil {
		return ProduceMediaComplete{}, documentError("", data, err)
	}
	r := reader{object: object}
	if t := r.bytes("EventType", required); r.err == nil && string(t) != TypeProduceMediaComplete {
		return ProduceMediaComplete{}, &OtherTypeError{EventType: string(t)}
	}
	var e ProduceMediaComplete
	if body, ok := object.Get("MessageBody"); ok && (!empty(body) || !object.Has("Status")) {
		e = r.ims(body)
	} else {
		e = r.vod()
	}
	if r.err != nil {
		return ProduceMediaComplete{}, r.err
	}
	return e, nil
}

// vod reads the flat form.
func (r *reader) vod() ProduceMediaComplete {
	return ProduceMediaComplete{
		Producer:     VOD,
		Time:         r.time("EventTime"),
		Status:       r.status("Status"),
		MediaID:      r.text("MediaId", required),
		ProjectID:    r.text("ProjectId", required),
		ErrorCode:    r.text("ErrorCode", optional),
		ErrorMessage: r.text("ErrorMessage", optional),
		UserData:     r.passThrough("Extend"),
	}
}

// ims reads the form whose facts stand in MessageBody, an object or a string that holds one.
func (r *reader) ims(body jsontext.Value) ProduceMediaComplete {
	e := ProduceMediaComplete{
		Producer: IMS,
		Time:     r.time("EventTime"),
		UserID:   r.number("UserId"),
	}
	b := r.within("MessageBody", body)
	e.Status = b.status("Status")
	e.JobID = b.text("JobId", required)
	e.MediaID = b.text("MediaId", optional)
	e.ProjectID = b.text("ProjectId", optional)
	e.MediaURL = b.text("MediaURL", optional)
	e.UserData = b.passThrough("UserData")
	e.ErrorCode = b.text("ErrorCode", optional)
	e.ErrorMessage = b.text("ErrorMessage", optional)
	r.err = b.err
	return e
}

// parseStatus reads a status in any case; ok is false for anything else.
func parseStatus(s []byte) (status Status, ok bool) {
	switch {
	case len(s) > len("success"): // EqualFold takes letters of other alphabets for ours
		return "", false
	case strings.EqualFold(string(s), "success"):
		return Success, true
	case strings.EqualFold(string(s), "fail"), strings.EqualFold(string(s), "failed"):
		return Fail, true
	default:
		return "", false
	}
}
