package store

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/vod-callback/recorder/internal/outcome"
)

// A NewerSchemaError says that a record was made by a later version of this project, which this one
// cannot be sure to understand.
type NewerSchemaError struct{ Version int }

// Error names both versions.
func (e *NewerSchemaError) Error() string {
	return fmt.Sprintf("schema_version %d is newer than the %d that this program knows: use a newer one", e.Version, outcome.SchemaVersion)
}

// ReadRecord reads a record that outcome.Outcome.Line made. Where the text is not a record the error says what it is instead: truncated,
// foreign, or, as a *NewerSchemaError, of a later version.
func ReadRecord(text []byte) (outcome.Outcome, error) {
	var o outcome.Outcome
	err := json.Unmarshal(text, &o)
	if err == nil && o.SchemaVersion == outcome.SchemaVersion && IsEventRoot(o.EventType) && !o.EventTime.IsZero() {
		return o, nil
	}
	return outcome.Outcome{}, explain(text, err)
}

// explain says why text is not a record. err is what decoding said, if it failed.
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
		return errors.New("not a record: schema_version, event_type or event_time is not one of ours")
	}
}
