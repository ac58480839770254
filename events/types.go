package events

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

const typeForm = "a letter and up to 63 letters and digits, but not missing or rejected"

// IsType reports whether s has the form of an event type: a letter and up to 63 letters and digits. Two names are
// taken, because a store keeps something else in the folders with these names.
func IsType(s string) bool {
	return s != "" && s != "missing" && s != "rejected" && len(s) <= 64 && isLetter(rune(s[0])) &&
		!strings.ContainsFunc(s, func(r rune) bool { return !isLetter(r) && (r < '0' || r > '9') })
}

func isLetter(r rune) bool { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' }

// A Selection lists the event types to read: their names, or only AllTypes. An empty Selection selects nothing.
type Selection []string

// AllTypes is the entry of a Selection that selects every type.
const AllTypes = "*"

// ParseSelection reads a comma-separated list of event types, or AllTypes.
func ParseSelection(s string) (Selection, error) {
	var selection Selection
	for entry := range strings.SplitSeq(s, ",") {
		switch entry = strings.TrimSpace(entry); {
		case entry == "" || entry != AllTypes && slices.Contains(selection, entry):
		case entry != AllTypes && !IsType(entry):
			return nil, fmt.Errorf("%q is not an event type (%s)", entry, typeForm)
		default:
			selection = append(selection, entry)
		}
	}
	switch {
	case len(selection) == 0:
		return nil, errors.New("the list has no entry")
	case slices.Contains(selection, AllTypes) && len(selection) > 1:
		return nil, errors.New("* cannot be combined with other types")
	}
	return selection, nil
}

// Has reports whether s selects eventType.
func (s Selection) Has(eventType string) bool {
	return slices.Contains(s, AllTypes) || slices.Contains(s, eventType)
}
