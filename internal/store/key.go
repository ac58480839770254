package store

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/outcome"
)

// MissingRoot is the directory of the edits whose callback never came. It contains a directory for each day.
const MissingRoot = "missing"

const (
	keyTime   = "20060102T150405Z"
	extension = ".json"
	digestLen = 12 // hex digits
	noStatus  = "none"
)

// KeyFacts are the facts that the key of an outcome contains.
type KeyFacts struct {
	EventType string
	Day       string        // of Time, as in "2026-11-22"
	Media     string        // the media ID, or else the job ID, or else "-"
	Time      time.Time     // the event's, in UTC, without fractions of a second
	Status    events.Status // Success, Fail, or "" for none
	Digest    string        // 12 hex digits
}

// ParseKey parses a key that outcome.Outcome.Key returned. An error says how another key differs.
func ParseKey(key string) (KeyFacts, error) {
	parts := strings.Split(key, "/")
	if len(parts) != 4 || !IsEventRoot(parts[0]) {
		return KeyFacts{}, errors.New("not a key of an outcome: want EVENTTYPE/dt=DAY/MEDIA/NAME.json")
	}
	k := KeyFacts{EventType: parts[0]}
	var err error
	if k.Day, err = parseDay(parts[1]); err != nil {
		return KeyFacts{}, err
	}
	k.Media, err = url.PathUnescape(parts[2])
	if err != nil || k.Media == "" || outcome.EscapeID(k.Media) != parts[2] {
		return KeyFacts{}, fmt.Errorf("the media ID %q is not percent-encoded as in a key", parts[2])
	}
	if err := k.parseName(parts[3]); err != nil {
		return KeyFacts{}, err
	}
	return k, nil
}

// parseName reads TIME-STATUS-DIGEST.json.
func (k *KeyFacts) parseName(name string) error {
	base, ok := strings.CutSuffix(name, extension)
	fields := strings.Split(base, "-")
	if !ok || len(fields) != 3 {
		return fmt.Errorf("the name %q is not TIME-STATUS-DIGEST.json", name)
	}
	// The comparison refuses times that time.Parse accepts but that Key does not write.
	t, err := time.Parse(keyTime, fields[0])
	switch {
	case err != nil || t.Format(keyTime) != fields[0]:
		return fmt.Errorf("the time %q is not YYYYMMDDTHHMMSSZ", fields[0])
	case t.Format(time.DateOnly) != k.Day:
		return fmt.Errorf("the time %q is not of the day %s", fields[0], k.Day)
	case len(fields[2]) != digestLen || !isHex(fields[2]):
		return fmt.Errorf("the digest %q is not %d hex digits", fields[2], digestLen)
	}
	k.Time, k.Digest = t, fields[2]
	switch status := events.Status(fields[1]); {
	case status == events.Success, status == events.Fail:
		k.Status = status
	case status != noStatus || k.EventType == outcome.Root:
		return fmt.Errorf("the status %q is neither success nor fail", fields[1])
	}
	return nil
}

// IsEventRoot reports whether name is the directory of an event type.
func IsEventRoot(name string) bool {
	return events.IsType(name)
}

// ParseRejectedKey returns the day of a key that outcome.Rejected.Key returned.
func ParseRejectedKey(key string) (day string, err error) {
	parts := strings.Split(key, "/")
	if len(parts) != 3 || parts[0] != outcome.RejectedRoot {
		return "", errors.New("not a key of rejected input: want " + outcome.RejectedRoot + "/dt=DAY/SHA256.json")
	}
	if day, err = parseDay(parts[1]); err != nil {
		return "", err
	}
	if sum, ok := strings.CutSuffix(parts[2], extension); !ok || len(sum) != 64 || !isHex(sum) {
		return "", fmt.Errorf("the name %q is not SHA256.json", parts[2])
	}
	return day, nil
}

// MediaPrefix returns the prefix of the keys of one media ID's outcomes of one type on one day.
func MediaPrefix(eventType, day, media string) string {
	return outcome.DayPrefix(eventType, day) + outcome.EscapeID(media) + "/"
}

func parseDay(dir string) (string, error) {
	day, ok := strings.CutPrefix(dir, "dt=")
	if t, err := time.Parse(time.DateOnly, day); !ok || err != nil || t.Format(time.DateOnly) != day {
		return "", fmt.Errorf("the directory %q is not dt=YYYY-MM-DD", dir)
	}
	return day, nil
}

// isHex reports whether s consists of lower-case hex digits.
func isHex(s string) bool { return strings.Trim(s, "0123456789abcdef") == "" }
