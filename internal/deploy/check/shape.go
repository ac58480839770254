package check

import (
	_ "embed" // for the shapes
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/vod-callback/recorder/internal/local/spelling"
)

// A shape describes the form of a value:
//
//	a mapping     a mapping with these keys and no other; a key that ends in ! must be there
//	[shape]       a list whose items have that shape
//	a|b           one of these words
//	number 1..9   a number within these bounds
//	string, boolean, number, map, list, any
type shape = any

//go:embed fc3.yaml
var fc3Text string

//go:embed ros.yaml
var rosText string

// The shapes of fc3's files, and those of the ROS types by their names.
var fc3, ros = mustParse(fc3Text), mustParse(rosText)

func mustParse(text string) mapping {
	m, err := parse(text)
	if err != nil {
		panic(err) // a test reads the embedded files
	}
	return m
}

// longestList is the maximum number of words that a message lists.
const longestList = 8

// conform adds a problem where v does not have the shape. It accepts any function of ROS, because its value can be
// anything.
func conform(r report, path string, want shape, v any) {
	if isFunction(v) {
		return
	}
	switch want := want.(type) {
	case mapping:
		conformMapping(r, path, want, v)
	case []any:
		items, ok := v.([]any)
		if !ok {
			r.problem("%s is %v, want a list", path, brief(v))
			return
		}
		for i, item := range items {
			conform(r, path+"["+strconv.Itoa(i)+"]", want[0], item)
		}
	default:
		form := fmt.Sprint(want)
		words := strings.Split(form, "|")
		switch {
		case fits(form, v):
		case len(words) > longestList:
			r.problem("%s is %s, which is not known%s", path, brief(v), spelling.DidYouMean(fmt.Sprint(v), words))
		default:
			r.problem("%s is %s, want %s", path, brief(v), strings.Join(words, ", "))
		}
	}
}

func conformMapping(r report, path string, want mapping, v any) {
	m, ok := v.(mapping)
	if !ok {
		r.problem("%s is %s, want a mapping", path, brief(v))
		return
	}
	var known []string
	shapes := mapping{}
	for key, inner := range members(want) {
		name, required := strings.CutSuffix(key, "!")
		known = append(known, name)
		shapes[name] = inner
		if _, there := m[name]; required && !there {
			r.problem("%s.%s is missing", path, name)
		}
	}
	for key, item := range members(m) {
		if slices.Contains(known, key) {
			conform(r, path+"."+key, shapes[key], item)
		} else {
			r.problem("%s.%s is not a key that is known%s", path, key, spelling.DidYouMean(key, known))
		}
	}
}

func isFunction(v any) bool {
	m, _ := v.(mapping)
	for key := range m {
		if len(m) == 1 && (key == "Ref" || strings.HasPrefix(key, "Fn::")) {
			return true
		}
	}
	return false
}

// fits reports whether a scalar has the form.
func fits(form string, v any) bool {
	_, isMap := v.(mapping)
	_, isList := v.([]any)
	_, isBool := v.(bool)
	_, isInt := v.(int)
	_, isFloat := v.(float64)
	isNumber := isInt || isFloat
	switch {
	case form == "any":
		return true
	case form == "map":
		return isMap
	case form == "list":
		return isList
	case isMap || isList || v == nil:
		return false
	case form == "string":
		return !isBool
	case form == "boolean":
		return isBool
	case form == "number":
		return isNumber
	default:
		if bounds, ok := strings.CutPrefix(form, "number "); ok {
			least, most, _ := strings.Cut(bounds, "..")
			low, _ := strconv.ParseFloat(least, 64)
			high, _ := strconv.ParseFloat(most, 64)
			return isNumber && low <= number(v) && number(v) <= high
		}
		return slices.Contains(strings.Split(form, "|"), fmt.Sprint(v))
	}
}

// brief returns a value in the form of a message.
func brief(v any) string {
	switch v := v.(type) {
	case nil:
		return "empty"
	case mapping:
		return "a mapping"
	case []any:
		return "a list"
	default:
		return strconv.Quote(fmt.Sprint(v))
	}
}
