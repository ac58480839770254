package preflight

import (
	"errors"

	"github.com/vod-callback/recorder/internal/config"
	"github.com/vod-callback/recorder/internal/reconcile/settings"
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
func ReconcilerVariables() []string { return settings.Names() }

// Reconciler checks the function that finds edits whose callback never came.
func (f Function) Reconciler() (problems, notes []string) {
	var v verdict
	f.checkNames(&v)
	f.checkSize(&v, ReconcilerVariables())
	value := func(name string) string { s, _ := f.Env(name); return s }
	target, err := record.ParseTarget(value("RECORD_TO"))
	switch {
	case err != nil:
		v.problem("RECORD_TO: %v", err)
	case target.OSS == nil && !f.Now: // this function is not deployed if the recorder records to the log
	case target.OSS == nil:
		v.problem("RECORD_TO=%q: the reconciler compares edits with records in a bucket; want RECORD_TO=oss://%s/%s", value("RECORD_TO"), f.Bucket, f.Prefix)
	default:
		f.checkTarget(&v, target)
	}
	_, err = settings.FromEnv(f.Env)
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range joined.Unwrap() {
			if bad, ok := errors.AsType[*config.Error](err); ok && bad.Variable.Name != "RECORD_TO" { // checked above
				v.problem("%v", bad)
			}
		}
	}
	return v.problems, v.notes
}
