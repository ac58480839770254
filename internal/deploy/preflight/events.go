package preflight

import (
	"slices"
	"strings"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/local/sample"
	"github.com/vod-callback/recorder/internal/local/spelling"
)

// checkEvents checks the event types that are recorded. An unknown type is allowed, because VOD and IMS add types. But
// it is usually a spelling error, so it gets a note.
func (f Function) checkEvents(v *verdict, types events.Selection) {
	for _, t := range types {
		if t != events.AllTypes && !slices.Contains(sample.Types(), t) {
			v.note("RECORD_EVENTS names %s, which is not an event type that VOD or IMS publishes%s", t, spelling.DidYouMean(t, sample.Types()))
		}
	}
	if list := strings.Join(types, ","); list != f.RecordEvents {
		v.note("RECORD_EVENTS is %s: give the stack RecordEvents=%[1]s, or set the same list at the sender", list)
	}
}
