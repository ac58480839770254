package outcome

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/vod-callback/recorder/internal/record"
)

// A Rejected is input that is not a valid event. It is kept so that nothing is lost. Exactly one of Payload and
// PayloadBase64 is set.
type Rejected struct {
	Reason        string  `json:"reason,omitempty"`
	Trigger       string  `json:"trigger,omitempty"`
	MessageID     string  `json:"message_id,omitempty"`
	RequestID     string  `json:"request_id,omitempty"`
	ReceivedAt    string  `json:"received_at,omitempty"` // RFC 3339, UTC
	Payload       *string `json:"payload,omitempty"`
	PayloadBase64 *string `json:"payload_base64,omitempty"` // if the kept bytes are not UTF-8
}

// NewRejected makes the record of the bytes kept, which were rejected for reason.
func NewRejected(reason string, kept []byte, facts Facts) Rejected {
	r := Rejected{
		Reason:     reason,
		Trigger:    facts.Trigger,
		MessageID:  facts.MessageID,
		RequestID:  facts.RequestID,
		ReceivedAt: facts.ReceivedAt,
	}
	if text := string(kept); utf8.ValidString(text) {
		r.Payload = &text
	} else {
		text = base64.StdEncoding.EncodeToString(kept)
		r.PayloadBase64 = &text
	}
	return r
}

// Kept returns the bytes that were kept.
func (r Rejected) Kept() ([]byte, error) {
	if r.Payload != nil {
		return []byte(*r.Payload), nil
	}
	if r.PayloadBase64 == nil {
		return nil, errors.New("there is neither payload nor payload_base64")
	}
	return base64.StdEncoding.DecodeString(*r.PayloadBase64)
}

// Entry returns r as an entry for a recorder.
func (r Rejected) Entry() (record.Entry, error) { return entry(r, r.Key) }

// Key returns the key of r: rejected/dt=YYYY-MM-DD/SHA256.json, with the date of receipt in UTC and the digest of
// the kept bytes.
func (r Rejected) Key() (string, error) {
	kept, err := r.Kept()
	if err != nil {
		return "", err
	}
	received, err := time.Parse(time.RFC3339, r.ReceivedAt)
	if err != nil {
		return "", fmt.Errorf("received_at: %w", err)
	}
	sum := sha256.Sum256(kept)
	return DayPrefix(RejectedRoot, received.UTC().Format(time.DateOnly)) + hex.EncodeToString(sum[:]) + ".json", nil
}
