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

// Root is the directory of the outcomes of edits. Each event type has a directory with its name, which contains a
// directory for each day.
const Root = events.TypeProduceMediaComplete

// RejectedRoot is the directory of rejected input. It contains a directory for each day.
const RejectedRoot = "rejected"

const (
	digestLen = 12 // hex digits
	// noMedia and noStatus replace the media ID and the status in the key of an event that has none.
	noMedia  = "-"
	noStatus = "none"
)

// Key returns the key of o:
//
//	EVENTTYPE/dt=YYYY-MM-DD/MEDIA/YYYYMMDDTHHMMSSZ-STATUS-DIGEST.json
//
// The key depends only on the event, not on the trigger or the time of the delivery. So a repeated delivery has
// the same key.
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

// Digest returns the digest that identifies an event: the first 12 hex digits of the SHA-256 of its canonical
// form (RFC 8785). White space, member order and escapes do not change it.
func Digest(raw []byte) (string, error) {
	canonical, err := jsonx.Canonical(raw)
	if err != nil {
		return "", fmt.Errorf("digest: %w", err)
	}
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:digestLen/2]), nil
}

// EscapeID percent-encodes every byte except A-Z a-z 0-9 - _ . ~ (RFC 3986, unreserved), and the two names that
// are special in a path, "." and "..". "%" is encoded too, so that different IDs have different escaped forms.
func EscapeID(id string) string {
	if id == "." || id == ".." {
		return strings.ReplaceAll(id, ".", "%2E")
	}
	return strings.ReplaceAll(url.QueryEscape(id), "+", "%20")
}

// DayPrefix returns the prefix of the keys of one day. root is an event type or RejectedRoot.
func DayPrefix(root, day string) string { return root + "/dt=" + day + "/" }
