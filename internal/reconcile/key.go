package reconcile

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/vod-callback/recorder/internal/outcome"
	"github.com/vod-callback/recorder/internal/store"
)

const extension = ".json"

// Key returns the key of a finding: missing/dt=DAY/SUBJECT.json. DAY is the day on which the edit ended. SUBJECT is
// its job ID or, for a producer without job IDs, its media ID.
func Key(finding outcome.Outcome) (string, error) {
	subject, end := cmp.Or(finding.JobID, finding.MediaID), finding.EventTime.UTC()
	switch {
	case subject == "":
		return "", errors.New("there is neither job_id nor media_id")
	case end.Year() < 0 || end.Year() > 9999:
		return "", fmt.Errorf("event_time: the year %d does not have four digits", end.Year())
	}
	return outcome.DayPrefix(store.MissingRoot, end.Format(time.DateOnly)) + outcome.EscapeID(subject) + extension, nil
}

// ParseKey parses a key that Key returned. An error says how another key differs.
func ParseKey(key string) (day, subject string, err error) {
	parts := strings.Split(key, "/")
	if len(parts) != 3 || parts[0] != store.MissingRoot {
		return "", "", errors.New("not a key of an edit without a callback: want " + store.MissingRoot + "/dt=DAY/SUBJECT.json")
	}
	day, ok := strings.CutPrefix(parts[1], "dt=")
	if t, err := time.Parse(time.DateOnly, day); !ok || err != nil || t.Format(time.DateOnly) != day {
		return "", "", fmt.Errorf("the directory %q is not dt=YYYY-MM-DD", parts[1])
	}
	name, ok := strings.CutSuffix(parts[2], extension)
	if !ok {
		return "", "", fmt.Errorf("the name %q does not end in %s", parts[2], extension)
	}
	subject, err = url.PathUnescape(name)
	if err != nil || subject == "" || outcome.EscapeID(subject) != name {
		return "", "", fmt.Errorf("the ID %q is not percent-encoded as in a key", name)
	}
	return day, subject, nil
}
