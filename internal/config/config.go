// Package config reads the function's configuration from environment variables. An invalid value is an error
// that names the variable, its value and the accepted form, so that a wrong configuration stops the start.
package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/callback"
	"github.com/vod-callback/recorder/internal/record"
)

// A Config is the function's complete and valid configuration.
type Config struct {
	RecordTo      record.Target
	RecordEvents  events.Selection
	RecordTimeout time.Duration // total time for recording in one invocation; positive
	CallbackKeys  []callback.Key
	CallbackURLs  []string // as configured at the sender; if empty, derived from each request
	CallbackAuth  bool     // false: unsigned HTTP callbacks are accepted
	CallbackMax   time.Duration
	LogLevel      slog.Level
}

// A Variable is one environment variable that FromEnv reads.
type Variable struct {
	Name    string
	Default string // the value if it is not set, or "" for none
	Form    string // the accepted form
	Secret  bool   // never show its value

	set func(c *Config, value string) error
}

// Variables returns every variable that FromEnv reads, in the order of the documentation.
func Variables() []Variable {
	return []Variable{
		{Name: "RECORD_TO", Default: "log:", Form: record.TargetForm,
			set: func(c *Config, v string) (err error) { c.RecordTo, err = record.ParseTarget(v); return err }},
		{Name: "RECORD_EVENTS", Default: events.TypeProduceMediaComplete, Form: "event types, separated by commas, or * for all",
			set: func(c *Config, v string) (err error) { c.RecordEvents, err = events.ParseSelection(v); return err }},
		{Name: "RECORD_TIMEOUT", Default: "2s", Form: `a positive duration such as "2s"`, set: func(c *Config, v string) (err error) {
			c.RecordTimeout, err = time.ParseDuration(v)
			return unless(err == nil && c.RecordTimeout > 0)
		}},
		{Name: "VOD_CALLBACK_KEYS", Form: "one or more callback keys, separated by commas", Secret: true, set: setKeys},
		{Name: "VOD_CALLBACK_URLS", Form: "one or more absolute http or https URLs, separated by commas", set: setURLs},
		{Name: "VOD_CALLBACK_AUTH", Default: "required", Form: "required or off", set: func(c *Config, v string) error {
			c.CallbackAuth = v == "required"
			return unless(v == "required" || v == "off")
		}},
		{Name: "VOD_CALLBACK_MAX_AGE", Default: "5m", Form: `a duration such as "5m", or "0" for no limit`, set: func(c *Config, v string) (err error) {
			c.CallbackMax, err = time.ParseDuration(v)
			return unless(err == nil && c.CallbackMax >= 0)
		}},
		{Name: "LOG_LEVEL", Default: "info", Form: "debug, info, warn or error", set: func(c *Config, v string) error {
			levels := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}
			var known bool
			c.LogLevel, known = levels[v]
			return unless(known)
		}},
	}
}

func setKeys(c *Config, v string) (err error) {
	entries, err := list(v)
	for _, key := range entries {
		c.CallbackKeys = append(c.CallbackKeys, callback.Key(key))
	}
	return err
}

func setURLs(c *Config, v string) (err error) {
	c.CallbackURLs, err = list(v)
	for _, entry := range c.CallbackURLs {
		u, err := url.Parse(entry)
		switch {
		case strings.ContainsFunc(entry, unicode.IsSpace):
			return errors.New("an entry contains a space; entries are separated by commas")
		case err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https"):
			return errForm
		case u.User != nil:
			return errors.New("the URL must not contain credentials")
		}
	}
	return err
}

// list splits v at commas and leaves out empty entries. An empty key would be dangerous, because anybody can sign
// with it.
func list(v string) (entries []string, err error) {
	for entry := range strings.SplitSeq(v, ",") {
		if entry = strings.TrimSpace(entry); entry != "" {
			entries = append(entries, entry)
		}
	}
	if entries == nil {
		return nil, errors.New("the list has no entry")
	}
	return entries, nil
}

// errForm is the error for a value that does not have the accepted form, without a more specific reason.
var errForm = errors.New("not of the accepted form")

func unless(ok bool) error {
	if ok {
		return nil
	}
	return errForm
}

// An Error is the error for a variable with an invalid value.
type Error struct {
	Variable Variable
	Value    string // as set; it may contain secrets, so print the Error instead
	Err      error
}

// Error returns the variable, value, reason and accepted form on one line.
func (e *Error) Error() string {
	reason := ""
	if !errors.Is(e.Err, errForm) {
		reason = e.Err.Error() + "; "
	}
	return fmt.Sprintf("%s=%s: %swant %s", e.Variable.Name, e.shown(), reason, e.Variable.Form)
}

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Err }

// shown returns the value in a form that is safe to print. A URL with an @ may contain a password, and an unknown
// query key may contain a secret.
func (e *Error) shown() string {
	if e.Variable.Secret {
		return "[redacted]"
	}
	value := strings.ToLower(e.Value)
	for _, hint := range []string{"@", "%40", "secret", "token", "password", "accesskey", "access_key", "access-key"} {
		if strings.Contains(value, hint) {
			return "[not shown: it may contain credentials]"
		}
	}
	return fmt.Sprintf("%q", e.Value)
}

// FromEnv reads the configuration through lookup, which is os.LookupEnv in the function. Values are trimmed; an
// empty value counts as unset. The returned error joins one *Error for each invalid variable.
func FromEnv(lookup func(string) (string, bool)) (Config, error) {
	var c Config
	var errs []error
	for _, variable := range Variables() {
		value, _ := lookup(variable.Name)
		value = strings.TrimSpace(value)
		if value == "" {
			value = variable.Default
		}
		if value == "" {
			continue
		}
		if err := variable.set(&c, value); err != nil {
			errs = append(errs, &Error{Variable: variable, Value: value, Err: err})
		}
	}
	if err := errors.Join(errs...); err != nil {
		return Config{}, err
	}
	return c, nil
}
