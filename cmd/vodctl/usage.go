package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A usageError is a command line that cannot be understood.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// wantOneOf is the error for a flag whose value is not one of words.
func wantOneOf(flag, value string, words ...string) error {
	return usagef("%s %q: want %s%s", flag, value, oneOf(words), didYouMean(value, words))
}

// oneOf lists words, with an "or" before the last.
func oneOf(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// explainFlag says what a flag wants, or which one may have been meant.
func explainFlag(cmd *cobra.Command, err error) error {
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok && len(unknown.GetSpecifiedName()) > 1 {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
		return usagef("%w%s", err, didYouMean("--"+unknown.GetSpecifiedName(), names))
	}
	if invalid, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		want := map[string]string{
			"int": "a whole number, such as 20", "duration": "a duration, such as 500ms, 30s or 5m", "bool": "true or false",
		}[invalid.GetFlag().Value.Type()]
		if want != "" {
			return usagef("--%s %q: want %s", invalid.GetFlag().Name, invalid.GetValue(), want)
		}
	}
	return usageError{err}
}

// didYouMean returns a question that names the word nearest to what was typed, or "" where none is near.
func didYouMean(typed string, words []string) string {
	if typed == "" || len(words) == 0 {
		return ""
	}
	distance := func(word string) int {
		if strings.HasPrefix(word, typed) {
			return 1
		}
		return editDistance(typed, word)
	}
	nearest := slices.MinFunc(words, func(a, b string) int { return cmp.Compare(distance(a), distance(b)) })
	if distance(nearest) > 1+len(typed)/4 {
		return ""
	}
	return fmt.Sprintf("; did you mean %s?", nearest)
}

// editDistance is how many letters have to be added, left out, changed or swapped with their neighbour to make b
// of a (optimal string alignment).
func editDistance(a, b string) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}
