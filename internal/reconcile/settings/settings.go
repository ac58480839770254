// Package settings reads the configuration of cmd/reconcile from environment variables. The checks before a
// deployment use it too.
package settings

import (
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/config"
	"github.com/vod-callback/recorder/internal/record"
)

// Until is how long before now an edit must have ended, so that a callback that is still being delivered is not a
// finding. VOD and IMS try three times within seconds; the trigger of a queue tries for longer.
const Until = 15 * time.Minute

// Settings are the complete and valid configuration.
type Settings struct {
	RecordTo record.Target // a store, not the log
	Producer events.Producer
	Since    time.Duration // the maximum time from the end of an edit to now
	Longest  time.Duration // the maximum time from the submission to the end of an edit
	LogLevel slog.Level
}

// A variable is one environment variable that FromEnv reads.
type variable struct {
	name, otherwise, form string
	set                   func(s *Settings, value string) error
}

var variables = []variable{
	{"RECORD_TO", "log:", "oss://BUCKET[/PREFIX][?endpoint=URL&region=ID] or file:///DIR", func(s *Settings, v string) (err error) {
		s.RecordTo, err = record.ParseTarget(v)
		if err == nil && s.RecordTo.Log {
			return errors.New("the log cannot be listed, so reconcile needs a store")
		}
		return err
	}},
	{"RECONCILE_PRODUCER", "ims", "ims or vod", func(s *Settings, v string) error {
		s.Producer = events.Producer(v)
		if s.Producer != events.IMS && s.Producer != events.VOD {
			return errors.New("unknown producer")
		}
		return nil
	}},
	{"RECONCILE_SINCE", "24h", `a duration longer than 15m, such as "24h"`, func(s *Settings, v string) (err error) {
		s.Since, err = time.ParseDuration(v)
		if err != nil {
			return errors.New("not a duration")
		}
		if s.Since <= Until {
			return errors.New("too short: edits of the last 15m are not checked")
		}
		return nil
	}},
	{"RECONCILE_LONGEST", "24h", `a positive duration such as "24h"`, func(s *Settings, v string) (err error) {
		s.Longest, err = time.ParseDuration(v)
		if err != nil {
			return errors.New("not a duration")
		}
		if s.Longest <= 0 {
			return errors.New("too short")
		}
		return nil
	}},
	{"LOG_LEVEL", "info", "debug, info, warn or error", func(s *Settings, v string) error {
		levels := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}
		var known bool
		if s.LogLevel, known = levels[v]; !known {
			return errors.New("unknown level")
		}
		return nil
	}},
}

// Names returns the variables that FromEnv reads, in the order of the documentation.
func Names() []string {
	names := make([]string, len(variables))
	for i, v := range variables {
		names[i] = v.name
	}
	return names
}

// FromEnv reads the configuration through lookup, which is os.LookupEnv in the function. Values are trimmed; an
// empty value counts as unset. The returned error joins one *config.Error for each invalid variable.
func FromEnv(lookup func(string) (string, bool)) (Settings, error) {
	var s Settings
	var errs []error
	for _, v := range variables {
		value, _ := lookup(v.name)
		value = strings.TrimSpace(value)
		if value == "" {
			value = v.otherwise
		}
		if err := v.set(&s, value); err != nil {
			errs = append(errs, &config.Error{Variable: config.Variable{Name: v.name, Form: v.form}, Value: value, Err: err})
		}
	}
	if err := errors.Join(errs...); err != nil {
		return Settings{}, err
	}
	return s, nil
}
