package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/vod-callback/recorder/internal/local/spelling"
)

// A usageError is an error in the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// wantOneOf is the error for a flag whose value is not one of words.
func wantOneOf(flag, value string, words ...string) error {
	return usagef("%s %q: want %s%s", flag, value, oneOf(words), spelling.DidYouMean(value, words))
}

// oneOf lists words, with an "or" before the last.
func oneOf(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// explainFlag adds to an error of a flag which values the flag accepts, or which flag may have been meant.
func explainFlag(cmd *cobra.Command, err error) error {
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok && len(unknown.GetSpecifiedName()) > 1 {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
		return usagef("%w%s", err, spelling.DidYouMean("--"+unknown.GetSpecifiedName(), names))
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
