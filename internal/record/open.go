package record

import "github.com/vod-callback/recorder/internal/funclog"

// Open returns the recorder that target names. log is where it keeps entries if target is the log;
// getenv is what OSS falls back to for the region and the credentials.
func Open(target Target, log *funclog.Log, getenv func(string) string) Recorder {
	switch {
	case target.OSS != nil:
		return NewOSS(*target.OSS, getenv)
	case target.Dir != "":
		return FileRecorder{Dir: target.Dir}
	default:
		return LogRecorder{Log: log}
	}
}
