package main

import (
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/config"
	"github.com/vod-callback/recorder/internal/record"
)

// until is how long before now an edit must have ended, so that a callback under way is no finding: VOD and
// IMS try three times within seconds, a queue's trigger for longer.
const until = 15 * time.Minute

// A configuration is what the environment says, complete and usable.
type configuration struct {
	recordTo record.Target // a store, not the log
	producer events.Producer
	since    time.Duration // how long before now an edit may have ended
	longest  time.Duration // how much earlier than its end it may have been submitted
	logLevel slog.Level
}

// A variable is one environment variable that configFromEnv reads.
type variable struct {
	name, otherwise, form string
	set                   func(c *configuration, value string) error
}

const durationForm = `a duration such as "24h"`

var variables = []variable{
	{"RECORD_TO", "log:", "oss://BUCKET[/PREFIX][?endpoint=URL&region=ID] or file:///DIR", func(c *configuration, v string) (err error) {
		c.recordTo, err = record.ParseTarget(v)
		if err == nil && c.recordTo.Log {
			return errors.New("the log cannot be listed, so there is nothing to hold the edits against")
		}
		return err
	}},
	{"RECONCILE_PRODUCER", "ims", "ims or vod", func(c *configuration, v string) error {
		c.producer = events.Producer(v)
		if c.producer != events.IMS && c.producer != events.VOD {
			return errors.New("unknown producer")
		}
		return nil
	}},
	{"RECONCILE_SINCE", "24h", durationForm + " that is longer than 15m", func(c *configuration, v string) (err error) {
		c.since, err = time.ParseDuration(v)
		if err != nil {
			return errors.New("not a duration")
		}
		if c.since <= until {
			return errors.New("too short, because edits of the last 15m are not looked at")
		}
		return nil
	}},
	{"RECONCILE_LONGEST", "24h", durationForm + ", not negative", func(c *configuration, v string) (err error) {
		c.longest, err = time.ParseDuration(v)
		if err != nil {
			return errors.New("not a duration")
		}
		if c.longest < 0 {
			return errors.New("negative")
		}
		return nil
	}},
	{"LOG_LEVEL", "info", "debug, info, warn or error", func(c *configuration, v string) error {
		levels := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}
		var known bool
		if c.logLevel, known = levels[v]; !known {
			return errors.New("unknown level")
		}
		return nil
	}},
}

// configFromEnv reads the configuration through lookup. Values are trimmed; an empty one counts as unset. The
// error joins one *config.Error for each variable that cannot be used.
func configFromEnv(lookup func(string) (string, bool)) (configuration, error) {
	var c configuration
	var errs []error
	for _, v := range variables {
		value, _ := lookup(v.name)
		value = strings.TrimSpace(value)
		if value == "" {
			value = v.otherwise
		}
		if err := v.set(&c, value); err != nil {
			errs = append(errs, &config.Error{Variable: config.Variable{Name: v.name, Form: v.form}, Value: value, Err: err})
		}
	}
	if err := errors.Join(errs...); err != nil {
		return configuration{}, err
	}
	return c, nil
}
