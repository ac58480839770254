package reconcile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/time/rate"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/outcome"
	"github.com/vod-callback/recorder/internal/record"
)

// A Producer is a service that produces edits and that can list them. There are two: IMS and VOD.
type Producer interface {
	// Name returns the producer's name, as in a record.
	Name() events.Producer
	// List yields the edits that were submitted between from and until, both included, in pages. An error ends the
	// listing. Without an error, the listing is complete.
	List(ctx context.Context, from, until time.Time) iter.Seq2[[]Edit, error]
	// Complete adds to edits the fields that List does not return.
	Complete(ctx context.Context, edits []Edit) error
}

// An Edit is one edit as its producer reports it. Read reads it from Raw.
type Edit struct {
	// Event is the content of the missing callback. If the edit has not ended, Status is empty. VOD reports less
	// than the callback; its EventTime is the time of the last change.
	events.Event
	Submitted time.Time      // zero if the producer does not report it
	Raw       jsontext.Value // the producer's answer about this edit, on one line
}

// Options configure the API to ask, and the credentials.
type Options struct {
	Region      string // such as cn-shanghai
	Endpoint    string // an http or https URL that replaces the region's, or ""
	Credentials record.Credentials

	rate  rate.Limit    // replaces requestsPerSecond in tests
	pause time.Duration // replaces firstPause in tests
}

// NewProducer returns the producer called name, events.IMS or events.VOD.
func NewProducer(name events.Producer, opts Options) (Producer, error) {
	s, ok := services[name]
	if !ok {
		return nil, fmt.Errorf("unknown producer %q", name)
	}
	a, err := newAPI(s, opts)
	switch {
	case err != nil:
		return nil, err
	case name == events.VOD:
		return &vodProducer{a}, nil
	default:
		return &imsProducer{a}, nil
	}
}

// Read reads a producer's answer about an edit, which is the raw member of a finding.
func Read(name events.Producer, raw []byte) (Edit, error) {
	switch name {
	case events.IMS:
		return readJob(raw)
	case events.VOD:
		return readVideo(raw)
	default:
		return Edit{}, fmt.Errorf("unknown producer %q", name)
	}
}

// ID returns the ID of the edit at its producer: the job ID or, for VOD, the media ID.
func (e Edit) ID() string { return cmp.Or(e.JobID, e.MediaID) }

// Outcome returns the record of a finding: that e ended and no callback came.
func (e Edit) Outcome(facts outcome.Facts) outcome.Outcome {
	facts.Trigger = Trigger
	return outcome.Outcome{SchemaVersion: outcome.SchemaVersion, Event: e.Event, Facts: facts, Raw: []byte(e.Raw)}
}

// Trigger is the trigger of a finding's record.
const Trigger = "reconcile"

// A text is a member that is documented as a string. A number or an object in its place is kept as spelled.
type text string

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (t *text) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	v, err := dec.ReadValue()
	if err != nil {
		return err
	}
	switch v.Kind() {
	case 'n':
		*t = ""
	case '"':
		var s string
		if err := json.Unmarshal(v, &s); err != nil {
			return err
		}
		*t = text(s)
	default:
		v = v.Clone()
		if err := v.Compact(); err != nil {
			return err
		}
		*t = text(v)
	}
	return nil
}

// readItem decodes a producer's answer about one edit into v.
func readItem(raw []byte, v any) error {
	if err := json.Unmarshal(raw, v); err != nil {
		return withoutGoTypes(err)
	}
	return nil
}

// oneLine returns raw without white space between its tokens.
func oneLine(raw jsontext.Value) (jsontext.Value, error) {
	raw = raw.Clone()
	if err := raw.Compact(); err != nil {
		return nil, withoutGoTypes(err)
	}
	return raw, nil
}

// A memberError is the error for an invalid member of a producer's answer.
type memberError struct{ item, member, found, want string }

func (e *memberError) Error() string {
	return fmt.Sprintf("%s: %s: found %q, want %s", e.item, e.member, e.found, e.want)
}

// maxID is the maximum length of an ID in a key, in bytes. The published IDs have 32 characters.
const maxID = 200

// checkID returns an error if an ID cannot be part of a key.
func checkID(item, member, id string, required bool) error {
	switch {
	case id == "" && required:
		return &memberError{item, member, id, "an ID"}
	case len(outcome.EscapeID(id)) > maxID:
		return &memberError{item, member, id[:32] + "…", fmt.Sprintf("at most %d bytes, percent-encoded", maxID)}
	default:
		return nil
	}
}

// parseTime reads a time of an answer, in UTC. An empty one is the zero time.
func parseTime(item, member string, s text) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, string(s))
	if err != nil {
		return time.Time{}, &memberError{item, member, string(s), "a time such as 2026-11-25T03:04:05Z"}
	}
	return t.UTC(), nil
}

// errCutOff is the error for an incomplete listing.
var errCutOff = errors.New("the listing is incomplete")
