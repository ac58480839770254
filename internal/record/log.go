package record

import (
	"context"
	"log/slog"

	"github.com/vod-callback/recorder/internal/funclog"
)

// A LogRecorder keeps entries as lines of the function's log. It cannot know what it wrote before, so
// nothing is a duplicate.
type LogRecorder struct{ Log *funclog.Log }

// Record writes e whatever the log's level. It does not look at ctx: a line takes no time worth the
// outcome that would be lost.
func (r LogRecorder) Record(_ context.Context, e Entry) (Result, error) {
	level, msg := slog.LevelInfo, funclog.Outcome
	if e.Kind == Rejected {
		level, msg = slog.LevelWarn, funclog.Rejected
	}
	if err := r.Log.Keep(level, msg, e.RequestID, e.Attrs...); err != nil {
		return 0, &Error{Op: "log", Err: err}
	}
	return Logged, nil
}
