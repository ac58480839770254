package report

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/vod-callback/recorder/cmd/vodctl/internal/query"
	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/store"
)

// A stage says what a later event of a produced edit means for its media.
type stage int

const (
	watchable stage = iota // success: the media can be watched; fail: it cannot
	analysed               // fail: the media will not be watchable; success: not yet known
	reviewed               // the result of the review is in the record
)

// LaterEvents are the event types of VOD and IMS that can follow a produced edit.
var LaterEvents = slices.Sorted(maps.Keys(stages))

var stages = map[string]stage{
	"FileUploadComplete":      analysed,
	"VideoAnalysisComplete":   analysed,
	"StreamTranscodeComplete": watchable, // one stream
	"TranscodeComplete":       watchable, // all streams; success if at least one succeeded
	"TranscodeParentComplete": watchable,
	"MediaConvertComplete":    watchable,
	"RegisterMediaComplete":   watchable, // IMS: the output is a media asset and has been analysed
	"CreateAuditComplete":     reviewed,
	"AIMediaAuditComplete":    reviewed,
}

// Later counts the later events of the produced edits of a time range.
type Later struct {
	Produced  int       `json:"produced"`
	Watchable int       `json:"watchable"`
	Failed    int       `json:"failed"`
	Blocked   int       `json:"blocked"`
	Unheard   int       `json:"unheard"`  // not yet watchable, failed or blocked
	Troubles  []Trouble `json:"troubles"` // the newest failed and blocked ones
}

// A Trouble is a produced edit that cannot be watched.
type Trouble struct {
	Time    time.Time `json:"time"`
	Media   string    `json:"media_id"`
	Event   string    `json:"event_type"`
	Blocked bool      `json:"blocked"`
	Code    string    `json:"error_code,omitempty"`
	Message string    `json:"error_message,omitempty"`
}

// A course holds the later events of one media ID so far.
type course struct {
	watchable bool
	failed    *Trouble // the newest
	verdict   Trouble  // the newest
}

// OpensLater reports whether AddLater needs the content of an object: it needs failures and reviews.
func (b *Builder) OpensLater(k store.KeyFacts) bool {
	return k.Status == events.Fail || stages[k.EventType] == reviewed
}

// AddLater adds a record of one of LaterEvents, in any order. Call ExpectLater first.
func (b *Builder) AddLater(r query.Row) {
	event := r.EventType
	if !r.Time.After(b.options.Now) {
		b.Heard(r.Time) // any callback shows that callbacks arrive
	}
	c := b.courses[r.Media]
	if c == nil {
		c = new(course)
		b.courses[r.Media] = c
	}
	t := Trouble{
		Time: r.Time.In(b.options.Location), Media: r.Media, Event: event,
		Code: cut(r.Record.ErrorCode), Message: cut(r.Record.ErrorMessage),
	}
	switch {
	case stages[event] == reviewed:
		if t.Blocked, t.Message = verdict(r.Record.Raw); !t.Time.Before(c.verdict.Time) {
			c.verdict = t
		}
	case r.Status == events.Fail:
		if c.failed == nil || c.failed.Time.Before(t.Time) {
			c.failed = &t
		}
	case r.Status == events.Success && stages[event] == watchable:
		c.watchable = true
	}
}

// ExpectLater prepares for AddLater, and adds the section about later events to the page. Call it before Add. It uses
// memory for each produced edit.
func (b *Builder) ExpectLater() {
	b.courses, b.produced = map[string]*course{}, map[string]bool{}
}

// verdict returns whether a review blocked the media, and why. VOD has the members at the top level or in Data, IMS in
// MessageBody. Both are an object, or a string that contains one.
func verdict(raw json.RawMessage) (blocked bool, reason string) {
	for range 3 {
		var e struct {
			AuditStatus, Reason, Suggestion, Label string
			Data, MessageBody                      json.RawMessage
		}
		_ = json.Unmarshal(unquote(raw), &e) // ignore members of another type
		if e.AuditStatus == "Blocked" || e.Suggestion == "block" {
			return true, cmp.Or(e.Reason, e.Label)
		}
		if raw = e.MessageBody; len(raw) == 0 {
			raw = e.Data
		}
	}
	return false, ""
}

// unquote returns the JSON inside a JSON string, and any other value unchanged.
func unquote(raw json.RawMessage) []byte {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return []byte(text)
	}
	return raw
}

// later returns the counts of the later events.
func (b *Builder) later() *Later {
	if b.courses == nil {
		return nil
	}
	l := &Later{Produced: len(b.produced), Troubles: []Trouble{}}
	for media := range b.produced {
		c := b.courses[media]
		switch {
		case c == nil:
			l.Unheard++
		case c.verdict.Blocked:
			l.Blocked++
			l.Troubles = append(l.Troubles, c.verdict)
		case c.watchable:
			l.Watchable++
		case c.failed != nil:
			l.Failed++
			l.Troubles = append(l.Troubles, *c.failed)
		default:
			l.Unheard++
		}
	}
	slices.SortFunc(l.Troubles, func(a, b Trouble) int {
		return cmp.Or(b.Time.Compare(a.Time), cmp.Compare(a.Media, b.Media))
	})
	l.Troubles = l.Troubles[:min(len(l.Troubles), maxTroubles)]
	return l
}
