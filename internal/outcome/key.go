package outcome

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/vod-callback/recorder/events"
)

// The roots below which outcomes and rejected input lie, a directory for each day in them.
const (
	Root         = events.TypeProduceMediaComplete
	RejectedRoot = "rejected"
)

const (
	keyTime   = "20060102T150405Z"
	extension = ".json"
)

// KeyFacts are what the key of an outcome says without its object being opened.
type KeyFacts struct {
	Day    string        // of Time, as in "2026-11-22"
	Media  string        // the MediaID, or the JobID where there is none
	Time   time.Time     // the event's, in UTC, without fractions of a second
	Status events.Status // Success or Fail
	Digest string        // 12 hex digits
}

// ParseKey reads what Key made. Every error names what a foreign key has in place of what was expected.
func ParseKey(key string) (KeyFacts, error) {
	parts := strings.Split(key, "/")
	if len(parts) != 4 || parts[0] != Root {
		return KeyFacts{}, errors.New("not a key of an outcome: want " + Root + "/dt=DAY/MEDIA/NAME.json")
	}
	var k KeyFacts
	var err error
	if k.Day, err = parseDay(parts[1]); err != nil {
		return KeyFacts{}, err
	}
	if k.Media, err = unescape(parts[2]); err != nil {
		return KeyFacts{}, err
	}
	name, ok := strings.CutSuffix(parts[3], extension)
	if !ok {
		return KeyFacts{}, fmt.Errorf("the name %q does not end in %s", parts[3], extension)
	}
	fields := strings.Split(name, "-")
	if len(fields) != 3 {
		return KeyFacts{}, fmt.Errorf("the name %q is not TIME-STATUS-DIGEST.json", parts[3])
	}
	// The comparison refuses what time.Parse reads more generously than Key writes.
	k.Time, err = time.Parse(keyTime, fields[0])
	if err != nil || k.Time.Format(keyTime) != fields[0] {
		return KeyFacts{}, fmt.Errorf("the time %q is not YYYYMMDDTHHMMSSZ", fields[0])
	}
	if k.Time.Format(time.DateOnly) != k.Day {
		return KeyFacts{}, fmt.Errorf("the time %q is not of the day %s", fields[0], k.Day)
	}
	k.Status = events.Status(fields[1])
	if k.Status != events.Success && k.Status != events.Fail {
		return KeyFacts{}, fmt.Errorf("the status %q is neither success nor fail", fields[1])
	}
	k.Digest = fields[2]
	if len(k.Digest) != digestLen || !isHex(k.Digest) {
		return KeyFacts{}, fmt.Errorf("the digest %q is not %d hex digits", k.Digest, digestLen)
	}
	return k, nil
}

// ParseRejectedKey returns the day of a key that Rejected.Key made.
func ParseRejectedKey(key string) (day string, err error) {
	parts := strings.Split(key, "/")
	if len(parts) != 3 || parts[0] != RejectedRoot {
		return "", errors.New("not a key of rejected input: want " + RejectedRoot + "/dt=DAY/SHA256.json")
	}
	if day, err = parseDay(parts[1]); err != nil {
		return "", err
	}
	if sum, ok := strings.CutSuffix(parts[2], extension); !ok || len(sum) != 64 || !isHex(sum) {
		return "", fmt.Errorf("the name %q is not SHA256.json", parts[2])
	}
	return day, nil
}

// DayPrefix is what the keys of one day's outcomes (root Root) or rejected input (RejectedRoot) begin with.
func DayPrefix(root, day string) string { return root + "/dt=" + day + "/" }

// MediaPrefix is what the keys of one medium's outcomes on one day begin with.
func MediaPrefix(day, media string) string { return DayPrefix(Root, day) + escape(media) + "/" }

func parseDay(dir string) (string, error) {
	day, ok := strings.CutPrefix(dir, "dt=")
	if t, err := time.Parse(time.DateOnly, day); !ok || err != nil || t.Format(time.DateOnly) != day {
		return "", fmt.Errorf("the directory %q is not dt=YYYY-MM-DD", dir)
	}
	return day, nil
}

// unescape is the reverse of escape. What escape would spell differently it refuses, so that a key has
// one reading and a reading one key.
func unescape(s string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '%' && i+2 < len(s) {
			hi, lo := unhex(s[i+1]), unhex(s[i+2])
			c = hi<<4 | lo
			i += 2
		}
		b.WriteByte(c)
	}
	id := b.String()
	if id == "" || escape(id) != s {
		return "", fmt.Errorf("the medium %q is not percent-encoded as a key's is", s)
	}
	return id, nil
}

// unhex reads a digit. That it is one, escape's comparison makes sure of.
func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c - 'A' + 10
}

// isHex says whether s is lower-case hex digits.
func isHex(s string) bool { return strings.Trim(s, "0123456789abcdef") == "" }
