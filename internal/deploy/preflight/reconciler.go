package preflight

import (
	"log/slog"
	"slices"
	"time"

	"github.com/vod-callback/recorder/internal/config"
	"github.com/vod-callback/recorder/internal/record"
)

// RecorderVariables are the environment variables that the recorder reads.
func RecorderVariables() []string {
	var names []string
	for _, v := range config.Variables() {
		names = append(names, v.Name)
	}
	return names
}

// ReconcilerVariables are the environment variables that the reconciler reads.
func ReconcilerVariables() []string {
	return []string{"RECORD_TO", "RECONCILE_PRODUCER", "RECONCILE_SINCE", "RECONCILE_LONGEST", "LOG_LEVEL"}
}

// Reconciler judges the function that looks for edits whose callback never came.
func (f Function) Reconciler() (problems, notes []string) {
	var v verdict
	f.checkNames(&v)
	f.checkSize(&v, ReconcilerVariables())
	value := func(name string) string { s, _ := f.Env(name); return s }
	target, err := record.ParseTarget(value("RECORD_TO"))
	switch {
	case err != nil:
		v.problem("RECORD_TO: %v", err)
	case target.OSS == nil && !f.Now: // whoever records to the log does not deploy this function
	case target.OSS == nil:
		v.problem("RECORD_TO=%q: the reconciler compares edits with records in a bucket; want RECORD_TO=oss://%s/%s", value("RECORD_TO"), f.Bucket, f.Prefix)
	default:
		f.checkTarget(&v, target)
	}
	if p := value("RECONCILE_PRODUCER"); !slices.Contains([]string{"ims", "vod"}, p) {
		v.problem("RECONCILE_PRODUCER=%q: want ims or vod", p)
	}
	for _, name := range []string{"RECONCILE_SINCE", "RECONCILE_LONGEST"} {
		if d, err := time.ParseDuration(value(name)); err != nil || d <= 0 {
			v.problem("%s=%q: want a positive duration such as \"24h\"", name, value(name))
		}
	}
	var level slog.Level
	if l := value("LOG_LEVEL"); level.UnmarshalText([]byte(l)) != nil {
		v.problem("LOG_LEVEL=%q: want debug, info, warn or error", l)
	}
	return v.problems, v.notes
}
