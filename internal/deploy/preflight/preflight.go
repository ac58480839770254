// Package preflight checks, before anything is built or uploaded, whether a function would start and work with its
// configuration. `s deploy` and `make validate` use it.
//
// It reads the environment with the function's own code. So an error that would stop the function at its start, or
// make it refuse every callback, stops the deployment instead.
package preflight

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/vod-callback/recorder/internal/config"
	"github.com/vod-callback/recorder/internal/record"
)

// A Function holds the settings of s.yaml, and the permissions of the stack of template.yml.
type Function struct {
	Account string
	Region  string
	Name    string // of the recorder; every other name begins with it
	Timeout time.Duration
	// Env looks up the environment variables of the function.
	Env func(string) (string, bool)

	Bucket       string // of the stack
	Prefix       string // below which the role may write
	RecordEvents string // the types that the stack sets at VOD

	// Now says that a deployment follows. A missing setting is then a problem, not a note, and the bucket must exist.
	Now bool
	// Web reaches OSS.
	Web http.RoundTripper
}

var (
	accountForm = regexp.MustCompile(`^[0-9]{5,20}$`)
	nameForm    = regexp.MustCompile(`^[a-z][a-z0-9-]{1,26}[a-z0-9]$`)
)

// maxEnvironment is Function Compute's limit for the environment variables of a function, in bytes.
const maxEnvironment = 4096

// spare is the time that an invocation needs in addition to RECORD_TIMEOUT, for the start, reading and answering.
const spare = 2 * time.Second

// A verdict collects the problems of a deployment, and notes on what is allowed but may be unintended.
type verdict struct{ problems, notes []string }

func (v *verdict) problem(format string, args ...any) {
	v.problems = append(v.problems, fmt.Sprintf(format, args...))
}

func (v *verdict) note(format string, args ...any) {
	v.notes = append(v.notes, fmt.Sprintf(format, args...))
}

// missing adds a problem if a deployment follows, or else a note.
func (v *verdict) missing(f Function, format string, args ...any) {
	if f.Now {
		v.problem(format, args...)
	} else {
		v.note(format, args...)
	}
}

// Recorder checks the function that records callbacks.
func (f Function) Recorder() (problems, notes []string) {
	var v verdict
	f.checkNames(&v)
	f.checkSize(&v, RecorderVariables())
	cfg, err := config.FromEnv(f.Env)
	if err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			v.problem("%s", line)
		}
		return v.problems, v.notes
	}
	if cfg.RecordTimeout+spare > f.Timeout {
		v.problem("RECORD_TIMEOUT=%s leaves no time to answer: the function is stopped after %s (timeout in s.yaml)", cfg.RecordTimeout, f.Timeout)
	}
	f.checkAuthentication(&v, cfg)
	f.checkTarget(&v, cfg.RecordTo)
	f.checkEvents(&v, cfg.RecordEvents)
	return v.problems, v.notes
}

// checkNames checks the values from which s.yaml builds every name.
func (f Function) checkNames(v *verdict) {
	switch {
	case f.Account == "":
		v.missing(f, "no account ID: run `s config add`, or set AccountID, AccessKeyID and AccessKeySecret")
	case !accountForm.MatchString(f.Account):
		v.problem("the account ID %q is not a number; the top of the console's account menu shows it", f.Account)
	}
	if !record.IsRegionID(f.Region) {
		v.problem("REGION=%q: want a region ID such as cn-shanghai", f.Region)
	}
	if !nameForm.MatchString(f.Name) {
		v.problem("FUNCTION_NAME=%q: want 3 to 28 lower-case letters, digits and hyphens, from a letter to a letter or digit, "+
			"because the names of the bucket, the log project and the roles contain it", f.Name)
	} else if f.Bucket != "" && accountForm.MatchString(f.Account) && !record.IsBucketName(f.Bucket) {
		v.problem("the bucket name %q: want 3 to 63 lower-case letters, digits and inner hyphens; a shorter FUNCTION_NAME helps", f.Bucket)
	}
}

// checkAuthentication checks that the function accepts signed callbacks and no others.
func (f Function) checkAuthentication(v *verdict, cfg config.Config) {
	switch {
	case !cfg.CallbackAuth:
		v.note("VOD_CALLBACK_AUTH=off: anybody who knows the URL can record outcomes")
	case len(cfg.CallbackKeys) == 0:
		v.missing(f, "VOD_CALLBACK_KEYS is not set: the function would refuse every HTTP callback. Set it to the key of the sender's "+
			"callback settings or, where only a queue delivers, to a new one that nobody has")
	}
	for i, key := range cfg.CallbackKeys {
		if !fitsConsole(string(key)) {
			v.note("key %d of VOD_CALLBACK_KEYS cannot be set at VOD or IMS: they accept at most 32 letters and digits, "+
				"with at least one upper-case letter, one lower-case letter and one digit", i+1)
		}
	}
}

// checkTarget checks where outcomes are recorded.
func (f Function) checkTarget(v *verdict, target record.Target) {
	switch {
	case target.Dir != "":
		v.note("RECORD_TO is a directory: the disk of an instance is deleted with the instance")
	case target.OSS == nil:
		v.note("RECORD_TO=log: keeps outcomes in the function's log only; for objects, RECORD_TO=oss://%s/outcomes", cmp.Or(f.Bucket, "BUCKET"))
	default:
		if target.OSS.Bucket != f.Bucket {
			v.note("RECORD_TO names the bucket %s; the role of template.yml may write to %s, unless the stack was given another BucketName", target.OSS.Bucket, f.Bucket)
		} else if target.OSS.Prefix != f.Prefix {
			v.note("RECORD_TO has the prefix %q; the role of template.yml may write below %s/ only, unless the stack was given another Prefix", target.OSS.Prefix, f.Prefix)
		}
		if f.Now && target.OSS.Endpoint == "" && bucketIsMissing(f.Web, target.OSS.Bucket, cmp.Or(target.OSS.Region, f.Region)) {
			v.problem("the bucket %s of RECORD_TO does not exist: create the stack of template.yml first (docs/deploy.md, step 2)", target.OSS.Bucket)
		}
	}
}

// checkSize checks the size of the environment variables.
func (f Function) checkSize(v *verdict, variables []string) {
	n := 0
	for _, name := range variables {
		value, _ := f.Env(name)
		n += len(name) + len(value)
	}
	if n > maxEnvironment {
		v.problem("the environment variables have %d bytes; Function Compute accepts %d", n, maxEnvironment)
	}
}

// fitsConsole reports whether VOD and IMS accept key in their callback settings.
func fitsConsole(key string) bool {
	var upper, lower, digit bool
	for _, r := range key {
		switch {
		case r > unicode.MaxASCII:
			return false
		case unicode.IsUpper(r):
			upper = true
		case unicode.IsLower(r):
			lower = true
		case unicode.IsDigit(r):
			digit = true
		default:
			return false
		}
	}
	return upper && lower && digit && len(key) <= 32
}

// bucketIsMissing sends an unsigned request to OSS, which answers "forbidden" for a private bucket and "not found" for
// a missing one. Without an answer it returns false.
func bucketIsMissing(web http.RoundTripper, bucket, region string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+bucket+".oss-"+region+".aliyuncs.com/?max-keys=1", nil)
	if err != nil {
		return false
	}
	resp, err := web.RoundTrip(req)
	if err != nil {
		return false
	}
	defer func() { _ = resp.Body.Close() }()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	return resp.StatusCode == http.StatusNotFound && strings.Contains(string(body), "<Code>NoSuchBucket</Code>")
}
