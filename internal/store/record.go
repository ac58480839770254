package store

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/vod-callback/recorder/internal/outcome"
)

// A NewerSchemaError is the error for a record of a later version of this project, which this version may not
// understand.
type NewerSchemaError struct{ Version int }

// Error implements error. It names both versions.
func (e *NewerSchemaError) Error() string {
	return fmt.Sprintf("schema_version %d is newer than %d, the latest that this program supports: use a newer version", e.Version, outcome.SchemaVersion)
}

// ReadRecord reads a record that outcome.Outcome.Line returned. If the text is not a record, the error says why:
// truncated, of another program, or, as a *NewerSchemaError, of a later version.
func ReadRecord(text []byte) (outcome.Outcome, error) {
	var o outcome.Outcome
	err := json.Unmarshal(text, &o)
	if err == nil && o.SchemaVersion == outcome.SchemaVersion && IsEventRoot(o.EventType) && !o.EventTime.IsZero() {
		return o, nil
	}
	return outcome.Outcome{}, explain(text, err)
}

// explain returns an error that says why text is not a record. err is the error of decoding it, if any.
func explain(text []byte, err error) error {
	var version struct {
		Schema *int `json:"schema_version"`
	}
	if e := json.Unmarshal(text, &version); e != nil {
		if len(text) == 0 {
			return errors.New("not a record: the object is empty")
		}
		return fmt.Errorf("not a record, or a truncated one: %w", e)
	}
	switch {
	case version.Schema == nil:
		return errors.New("not a record: it has no schema_version")
	case *version.Schema > outcome.SchemaVersion:
		return &NewerSchemaError{*version.Schema}
	case err != nil:
		return fmt.Errorf("not a record: %w", err)
	default:
		return errors.New("not a record: schema_version, event_type or event_time is not valid")
	}
}
