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

// A stage is what an event that follows a produced edit says about its media.
type stage int

const (
	watchable stage = iota // by success; fail means that it is not
	analysed               // fail means that it will not become watchable; success says nothing yet
	reviewed               // the verdict is in the record
)

// LaterEvents are the events of VOD and IMS that say how a produced edit went on.
var LaterEvents = slices.Sorted(maps.Keys(stages))

var stages = map[string]stage{
	"FileUploadComplete":      analysed,
	"VideoAnalysisComplete":   analysed,
	"StreamTranscodeComplete": watchable, // one stream
	"TranscodeComplete":       watchable, // all streams; a success where at least one is
	"TranscodeParentComplete": watchable,
	"MediaConvertComplete":    watchable,
	"RegisterMediaComplete":   watchable, // IMS: the output is a media asset and analysed
	"CreateAuditComplete":     reviewed,
	"AIMediaAuditComplete":    reviewed,
}

// Later is how the produced edits of a time range went on.
type Later struct {
	Produced  int       `json:"produced"`
	Watchable int       `json:"watchable"`
	Failed    int       `json:"failed"`
	Blocked   int       `json:"blocked"`
	Unheard   int       `json:"unheard"`  // neither watchable, nor failed, nor blocked so far
	Troubles  []Trouble `json:"troubles"` // the newest failed and blocked ones
}

// A Trouble is why a produced edit cannot be watched.
type Trouble struct {
	Time    time.Time `json:"time"`
	Media   string    `json:"media_id"`
	Event   string    `json:"event_type"`
	Blocked bool      `json:"blocked"`
	Code    string    `json:"error_code,omitempty"`
	Message string    `json:"error_message,omitempty"`
}

// A course is what became of one media so far.
type course struct {
	watchable bool
	failed    *Trouble // the newest
	verdict   Trouble  // the newest
}

// OpensLater says which objects AddLater wants opened: what failed, and reviews.
func (b *Builder) OpensLater(k store.KeyFacts) bool {
	return k.Status == events.Fail || stages[k.EventType] == reviewed
}

// AddLater takes a record of one of LaterEvents, in any order. ExpectLater comes first.
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

// ExpectLater prepares for AddLater, and adds the section about it to the page. Call it before Add. It costs
// memory for each produced edit.
func (b *Builder) ExpectLater() {
	b.courses, b.produced = map[string]*course{}, map[string]bool{}
}

// verdict reads whether a review blocked the media, and why. VOD has the members at the top or in Data, IMS
// in MessageBody; both are an object or a string that holds one.
func verdict(raw json.RawMessage) (blocked bool, reason string) {
	for range 3 {
		var e struct {
			AuditStatus, Reason, Suggestion, Label string
			Data, MessageBody                      json.RawMessage
		}
		_ = json.Unmarshal(unquote(raw), &e) // a member of another type says nothing; the others still count
		if e.AuditStatus == "Blocked" || e.Suggestion == "block" {
			return true, cmp.Or(e.Reason, e.Label)
		}
		if raw = e.MessageBody; len(raw) == 0 {
			raw = e.Data
		}
	}
	return false, ""
}

// unquote returns the JSON inside a JSON string, and anything else as it is.
func unquote(raw json.RawMessage) []byte {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return []byte(text)
	}
	return raw
}

// later sums up how the produced edits went on.
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
