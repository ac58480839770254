package outcome

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/jsonx"
)

// Root is the directory of the outcomes of edits. Each event type has one of its own name, and in it a
// directory for each day.
const Root = events.TypeProduceMediaComplete

// RejectedRoot is the directory of rejected input, with a directory for each day.
const RejectedRoot = "rejected"

const (
	digestLen = 12 // hex digits
	// noMedia and noStatus stand in a key for what an event of another type than ProduceMediaComplete may lack.
	noMedia  = "-"
	noStatus = "none"
)

// Key returns the name under which o is kept:
//
//	EVENTTYPE/dt=YYYY-MM-DD/MEDIA/YYYYMMDDTHHMMSSZ-STATUS-DIGEST.json
//
// It depends on the event alone, not on how or when it came, so that a second delivery finds the first.
func (o Outcome) Key() (string, error) {
	digest, err := Digest(o.Raw)
	if err != nil {
		return "", err
	}
	t := o.EventTime.UTC()
	media := cmp.Or(EscapeID(o.Subject()), noMedia)
	status := cmp.Or(string(o.Status), noStatus)
	return DayPrefix(o.EventType, t.Format(time.DateOnly)) + media + "/" +
		t.Format("20060102T150405Z") + "-" + status + "-" + digest + ".json", nil
}

// Digest returns what identifies an event: the first 12 hex digits of the SHA-256 of its canonical form
// (RFC 8785). White space, member order and escapes make no difference.
func Digest(raw []byte) (string, error) {
	canonical, err := jsonx.Canonical(raw)
	if err != nil {
		return "", fmt.Errorf("digest: %w", err)
	}
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:digestLen/2]), nil
}

// EscapeID percent-encodes every byte outside A-Z a-z 0-9 - _ . ~ (RFC 3986, unreserved), and the two names
// that mean something in a path. "%" is encoded too, so that distinct IDs stay distinct.
func EscapeID(id string) string {
	if id == "." || id == ".." {
		return strings.ReplaceAll(id, ".", "%2E")
	}
	return strings.ReplaceAll(url.QueryEscape(id), "+", "%20")
}

// DayPrefix is what the keys of one day begin with. root is an event type or RejectedRoot.
func DayPrefix(root, day string) string { return root + "/dt=" + day + "/" }
