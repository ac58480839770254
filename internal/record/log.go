package record

import (
	"context"
	"log/slog"

	"github.com/vod-callback/recorder/internal/funclog"
)

// A LogRecorder keeps entries as lines of the function's log. It cannot know what it wrote before, so
// nothing is a duplicate.
type LogRecorder struct{ Log *funclog.Log }

// Record writes e whatever the log's level, and with an outcome the line that says that it is recorded. It
// does not look at ctx: a line takes no time worth the outcome that would be lost.
func (r LogRecorder) Record(_ context.Context, e Entry) (Result, error) {
	var err error
	if e.Kind == Rejected {
		err = r.Log.Keep(slog.LevelWarn, funclog.Rejected, e.RequestID, e.Attrs...)
	} else {
		err = r.Log.KeepAndSay(e.RequestID,
			funclog.Line{Level: slog.LevelInfo, Msg: funclog.Outcome, Attrs: e.Attrs},
			funclog.Line{Level: slog.LevelInfo, Msg: funclog.Recorded, Attrs: e.Facets})
	}
	if err != nil {
		return 0, &Error{Op: "log", Err: err}
	}
	return Logged, nil
}
