package sample

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/events/testdata"
)

// The names that event types use for the same member, as in package events.
var (
	mediaMembers = []string{"MediaId", "VideoId", "ImageId", "AttachedMediaId"}
	jobMembers   = []string{"JobId", "TaskId", "MediaRefreshJobId"}
)

// Types returns the event types that have a sample, in order.
func Types() []string {
	entries, err := testdata.Files.ReadDir(".")
	if err != nil {
		panic(err) // the directory is embedded
	}
	var types []string
	for _, e := range entries {
		if name := strings.TrimSuffix(e.Name(), ".json"); unicode.IsUpper(rune(name[0])) && !strings.Contains(name, "-") {
			types = append(types, name)
		}
	}
	return types
}

// OfType returns an event of a type in Types, and the producer that publishes it in this form. The event is the
// published sample with the IDs and the time of e. It is an error if e has a field that this type does not have.
func (e Event) OfType(eventType string) ([]byte, events.Producer, error) {
	if eventType == events.TypeProduceMediaComplete {
		return e.JSON(), cmp.Or(e.Producer, events.VOD), nil
	}
	event, err := e.sampleOf(eventType)
	if err != nil {
		return nil, "", err
	}
	body, producer := &event, events.VOD
	if text := event.get("MessageBody"); text != nil {
		inner := readObject(text)
		body, producer = &inner, events.IMS
	}
	if e.Producer != "" && e.Producer != producer {
		return nil, "", fmt.Errorf("the only sample of %s is by %s", eventType, producer)
	}
	if err := e.fill(body, eventType, producer); err != nil {
		return nil, "", err
	}
	event.set("EventTime", e.eventTime(event.text("EventTime")))
	if producer == events.IMS {
		event.set("MessageBody", json.RawMessage(body.json()))
	}
	return event.json(), producer, nil
}

// sampleOf returns the published sample.
func (e Event) sampleOf(eventType string) (object, error) {
	if !slices.Contains(Types(), eventType) {
		return nil, fmt.Errorf("there is no sample of an event of type %q", eventType)
	}
	data, err := testdata.Files.ReadFile(eventType + "-ims.json")
	if e.Producer != events.IMS || err != nil {
		if data, err = testdata.Files.ReadFile(eventType + ".json"); err != nil {
			return nil, err
		}
	}
	return readObject(data), nil
}

// fill sets the members for the fields of e.
func (e Event) fill(body *object, eventType string, producer events.Producer) error {
	media, job := body.first(mediaMembers), body.first(jobMembers)
	switch {
	case media != "":
		body.set(media, cmp.Or(e.MediaID, NewID()))
	case e.MediaID != "":
		return fmt.Errorf("an event of type %s has no media ID", eventType)
	}
	if job != "" {
		body.set(job, cmp.Or(e.JobID, NewID()))
	}
	switch {
	case body.get("ProjectId") != nil:
		body.set("ProjectId", cmp.Or(e.ProjectID, NewID()))
	case e.ProjectID != "":
		return fmt.Errorf("an event of type %s has no project ID", eventType)
	}
	return e.fillStatus(body, eventType, producer)
}

// fillStatus sets the status in the spelling of the sample, and the error members of a failure.
func (e Event) fillStatus(body *object, eventType string, producer events.Producer) error {
	spelled := body.text("Status")
	succeeded := strings.HasPrefix(strings.ToLower(spelled), "succe")
	if !succeeded && !strings.HasPrefix(strings.ToLower(spelled), "fail") {
		if e.Status == events.Fail {
			return fmt.Errorf("an event of type %s cannot report a failure", eventType)
		}
		return nil
	}
	success, fail := "success", "fail"
	if unicode.IsUpper(rune(spelled[0])) {
		success, fail = "Success", "Failed"
		if producer == events.IMS {
			fail = "Fail"
		}
	}
	code, message := "ErrorCode", "ErrorMessage"
	if body.get("Code") != nil {
		code, message = "Code", "Message"
	}
	if e.Status == events.Fail {
		body.set("Status", fail)
		body.set(code, cmp.Or(e.ErrorCode, "InvalidParameter.ResourceContentBad"))
		body.set(message, cmp.Or(e.ErrorMessage, "The resource operated InputFile is bad"))
		return nil
	}
	if !succeeded {
		body.set("Status", success)
		body.remove("ErrorCode")
		body.remove("ErrorMessage")
	}
	return nil
}

// eventTime formats the time as in the sample: some types have a colon before the milliseconds.
func (e Event) eventTime(published string) string {
	t := e.Time
	if t.IsZero() {
		t = time.Now()
	}
	t = t.UTC()
	if strings.Count(published, ":") == 3 {
		return fmt.Sprintf("%s:%03dZ", t.Format("2006-01-02T15:04:05"), t.Nanosecond()/int(time.Millisecond))
	}
	return t.Format("2006-01-02T15:04:05Z")
}

// An object is a JSON object whose members keep their order.
type object []member

type member struct {
	name  string
	value jsontext.Value
}

// readObject reads a sample, or a value in one.
func readObject(data []byte) object {
	dec := jsontext.NewDecoder(bytes.NewReader(data))
	var o object
	_, err := dec.ReadToken()
	for err == nil && dec.PeekKind() == '"' {
		name, nameErr := dec.ReadToken()
		m := member{name: name.String()} // a copy, because the next call invalidates name
		value, valueErr := dec.ReadValue()
		m.value = value.Clone()
		err = errors.Join(nameErr, valueErr, m.value.Compact())
		o = append(o, m)
	}
	if err != nil {
		panic(err) // the samples are valid JSON; the tests of package events read them
	}
	return o
}

func (o object) get(name string) jsontext.Value {
	for _, m := range o {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

// text returns a member that is a string, or "".
func (o object) text(name string) (text string) {
	if v := o.get(name); v.Kind() == '"' {
		_ = json.Unmarshal(v, &text) // a valid string
	}
	return text
}

// first returns the first of the names that o has, or "".
func (o object) first(names []string) string {
	for _, name := range names {
		if o.get(name) != nil {
			return name
		}
	}
	return ""
}

func (o *object) set(name string, v any) {
	value := encode(v)
	for i, m := range *o {
		if m.name == name {
			(*o)[i].value = value
			return
		}
	}
	*o = append(*o, member{name, value})
}

func (o *object) remove(name string) {
	*o = slices.DeleteFunc(*o, func(m member) bool { return m.name == name })
}

func (o object) json() []byte {
	b := []byte{'{'}
	for i, m := range o {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, encode(m.name)...), ':'), m.value...)
	}
	return append(b, '}')
}
