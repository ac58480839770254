package soak

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"reflect"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// An item is something that must be stored at the end, or must not be. The expected object is computed from the text
// that was sent, by the documented form of keys and records, without the function's own code.
type item struct {
	key      string          // of an event's record; or rejected/ and the SHA-256, without the day of receipt
	record   map[string]any  // of an event, without what only the function can know
	kept     string          // of rejected input
	via      map[string]bool // the triggers that it may have come through
	stranger bool            // not authentic

	promised bool // the function answered, so it has to be stored or in the log
	killed   bool // an instance was killed over it
	stored   int  // the number of objects in the store
}

// newItem returns the item for a body of a delivery, or nil if the body produces nothing.
func newItem(k kind, body []byte) *item {
	it := &item{via: map[string]bool{k.trigger: true}}
	switch k.becomes {
	case ignored:
		return nil
	case rejected:
		it.kept, it.key = string(body), fmt.Sprintf("rejected/%x", sha256.Sum256(body))
	default:
		it.key, it.record = expect(body)
		it.stranger = k.becomes == refused
	}
	return it
}

// expect returns the key and the members of an event's record.
func expect(body []byte) (key string, record map[string]any) {
	text := decode(body)
	facts, producer := text, "vod"
	if inner, ok := text["MessageBody"].(map[string]any); ok {
		facts, producer = inner, "ims"
	}
	record = map[string]any{
		"schema_version": json.Number("1"), "event_type": text["EventType"], "event_time": text["EventTime"],
		"status": strings.ToLower(facts["Status"].(string)), "producer": producer, "raw": text,
	}
	if id, ok := text["UserId"].(json.Number); ok {
		record["user_id"] = id.String()
	}
	for name, from := range map[string]string{
		"media_id": "MediaId", "project_id": "ProjectId", "job_id": "JobId", "error_code": "ErrorCode",
		"error_message": "ErrorMessage", "media_url": "MediaURL", "user_data": "UserData",
	} {
		if value := facts[from]; value != nil && value != "" {
			record[name] = value
		}
	}
	canonical := jsontext.Value(bytes.Clone(body))
	when, err := time.Parse(time.RFC3339, record["event_time"].(string))
	if err := errors.Join(err, canonical.Canonicalize()); err != nil {
		panic(err) // sample makes events
	}
	digest := fmt.Sprintf("%x", sha256.Sum256(canonical))[:12]
	key = fmt.Sprintf("ProduceMediaComplete/dt=%s/%s/%s-%s-%s.json", when.Format(time.DateOnly),
		escape(record["media_id"].(string)), when.Format("20060102T150405Z"), record["status"], digest)
	return key, record
}

// escape percent-encodes all but the unreserved characters of RFC 3986.
func escape(id string) string {
	const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"
	var b strings.Builder
	for _, c := range []byte(id) {
		if strings.IndexByte(unreserved, c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// decode returns an object with its numbers as spelled, or nil.
func decode(text []byte) (members map[string]any) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if dec.Decode(&members) != nil {
		return nil
	}
	return members
}

// itemKey returns the key under which the books have an object.
func itemKey(object string) string {
	if strings.HasPrefix(object, "rejected/") {
		return "rejected/" + strings.TrimSuffix(path.Base(object), ".json")
	}
	return object
}

// compare returns an error if a stored object differs from the expected one.
func (it *item) compare(object []byte) error {
	got := decode(object)
	trigger, _ := got["trigger"].(string)
	received, _ := got["received_at"].(string)
	if _, err := time.Parse(time.RFC3339, received); err != nil || !it.via[trigger] || got["request_id"] == nil {
		return fmt.Errorf("its delivery is unknown: %s", object)
	}
	if it.kept != "" {
		if got["payload"] != it.kept || got["reason"] == nil {
			return fmt.Errorf("it holds %s, want %s", object, it.kept)
		}
		return nil
	}
	if got["account_id"] != accountID || got["region"] == nil {
		return fmt.Errorf("it does not say where: %s", object)
	}
	for _, name := range []string{"trigger", "message_id", "request_id", "account_id", "region", "received_at"} {
		delete(got, name)
	}
	if !reflect.DeepEqual(got, it.record) {
		return fmt.Errorf("it is %s, want %v", object, it.record)
	}
	return nil
}
