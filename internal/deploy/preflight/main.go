// Command preflight says, before anything is built or sent, whether a deployment would work as it is
// configured: `s deploy` runs it first, and `make validate` runs it without -deploy.
//
// It reads the function's own environment variables, by the function's own rules, so that what would stop
// the function at its start, or let it refuse every callback, stops the deployment instead.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/vod-callback/recorder/internal/config"
	"github.com/vod-callback/recorder/internal/record"
)

func main() { os.Exit(run(os.Args[1:], os.LookupEnv, http.DefaultTransport, os.Stdout, os.Stderr)) }

// A deployment is what s.yaml makes of its variables.
type deployment struct {
	deploy  bool // false: only look at what is set, offline
	account string
	region  string
	name    string
	bucket  string // that template.yml makes where it is not told otherwise
	timeout time.Duration
}

// run prints notes on stdout and problems on stderr, and returns the exit status.
func run(args []string, lookup func(string) (string, bool), web http.RoundTripper, stdout, stderr io.Writer) int {
	var d deployment
	flags := flag.NewFlagSet("preflight", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.BoolVar(&d.deploy, "deploy", false, "what is missing is a problem, not a note; look for the bucket in OSS")
	flags.StringVar(&d.account, "account", "", "Alibaba Cloud account `ID`")
	flags.StringVar(&d.region, "region", "cn-shanghai", "`region` of the function")
	flags.StringVar(&d.name, "name", "vod-callback-recorder", "`name` of the function")
	flags.StringVar(&d.bucket, "bucket", "", "`bucket` that the function's role may write to")
	flags.DurationVar(&d.timeout, "timeout", 10*time.Second, "`time-out` of the function")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	v := d.check(lookup, web)
	for _, note := range v.notes {
		fmt.Fprintln(stdout, "note:", note)
	}
	for _, problem := range v.problems {
		fmt.Fprintln(stderr, "cannot deploy:", problem)
	}
	if len(v.problems) > 0 {
		return 1
	}
	return 0
}

var (
	accountForm = regexp.MustCompile(`^[0-9]{5,20}$`)
	nameForm    = regexp.MustCompile(`^[a-z][a-z0-9-]{1,26}[a-z0-9]$`)
)

// maxEnvironment is how many bytes Function Compute allows for all variables of a function.
const maxEnvironment = 4096

// spare is how much longer than RECORD_TIMEOUT an invocation may last, for starting, reading and answering.
const spare = 2 * time.Second

// A verdict collects what keeps a deployment from working, and what is allowed but may surprise.
type verdict struct{ problems, notes []string }

func (v *verdict) problem(format string, args ...any) {
	v.problems = append(v.problems, fmt.Sprintf(format, args...))
}

func (v *verdict) note(format string, args ...any) {
	v.notes = append(v.notes, fmt.Sprintf(format, args...))
}

// missing tells of what may come later where nothing is deployed yet.
func (v *verdict) missing(d deployment, format string, args ...any) {
	if d.deploy {
		v.problem(format, args...)
	} else {
		v.note(format, args...)
	}
}

// check looks at the deployment and at the configuration that the function would start with.
func (d deployment) check(lookup func(string) (string, bool), web http.RoundTripper) verdict {
	var v verdict
	d.checkNames(&v)
	cfg, err := config.FromEnv(lookup)
	if err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			v.problem("%s", line)
		}
		return v
	}
	if cfg.RecordTimeout+spare > d.timeout {
		v.problem("RECORD_TIMEOUT=%s leaves no time to answer: the function is stopped after %s (timeout in s.yaml)", cfg.RecordTimeout, d.timeout)
	}
	if n := environmentSize(lookup); n > maxEnvironment {
		v.problem("the environment variables have %d bytes in all; Function Compute takes %d", n, maxEnvironment)
	}
	d.checkAuthentication(&v, cfg)
	d.checkTarget(&v, cfg.RecordTo, web)
	return v
}

// checkNames looks at what s.yaml makes every name of.
func (d deployment) checkNames(v *verdict) {
	switch {
	case d.account == "":
		v.missing(d, "no account ID: run `s config add`, or set AccountID, AccessKeyID and AccessKeySecret")
	case !accountForm.MatchString(d.account):
		v.problem("the account ID %q is no number; it stands at the top of the console's account menu", d.account)
	}
	if !record.IsRegionID(d.region) {
		v.problem("REGION=%q: want a region ID such as cn-shanghai", d.region)
	}
	if !nameForm.MatchString(d.name) {
		v.problem("FUNCTION_NAME=%q: want 3 to 28 lower-case letters, digits and hyphens, from a letter to a letter or digit, "+
			"since bucket, log project and roles are named after it", d.name)
	} else if d.bucket != "" && accountForm.MatchString(d.account) && !record.IsBucketName(d.bucket) {
		v.problem("the bucket name %q: want 3 to 63 lower-case letters, digits and inner hyphens; a shorter FUNCTION_NAME helps", d.bucket)
	}
}

// checkAuthentication looks for a function that would let everybody in, or nobody.
func (d deployment) checkAuthentication(v *verdict, cfg config.Config) {
	switch {
	case !cfg.CallbackAuth:
		v.note("VOD_CALLBACK_AUTH=off: whoever knows the URL can record outcomes")
	case len(cfg.CallbackKeys) == 0:
		v.missing(d, "VOD_CALLBACK_KEYS is not set: the function would refuse every HTTP callback. Set it to the key of the sender's "+
			"callback settings or, where only a queue delivers, to a new one that nobody has")
	}
	for i, key := range cfg.CallbackKeys {
		if !fitsConsole(string(key)) {
			v.note("key %d of VOD_CALLBACK_KEYS cannot be set at VOD or IMS: they take at most 32 letters and digits, "+
				"with upper case, lower case and a digit among them", i+1)
		}
	}
}

// checkTarget looks at where outcomes would go.
func (d deployment) checkTarget(v *verdict, target record.Target, web http.RoundTripper) {
	switch {
	case target.Dir != "":
		v.note("RECORD_TO is a directory: an instance's disk is gone when the instance is")
	case target.OSS == nil:
		v.note("RECORD_TO=log: keeps outcomes in the function's log only; for objects, RECORD_TO=oss://%s/outcomes", cmp.Or(d.bucket, "BUCKET"))
	default:
		if d.bucket != "" && target.OSS.Bucket != d.bucket {
			v.note("RECORD_TO names the bucket %s; the role of template.yml may write to %s, unless the stack was given another BucketName", target.OSS.Bucket, d.bucket)
		}
		if d.deploy && target.OSS.Endpoint == "" && bucketIsMissing(web, target.OSS.Bucket, cmp.Or(target.OSS.Region, d.region)) {
			v.problem("the bucket %s of RECORD_TO does not exist: create the stack of template.yml first (docs/deploy.md, step 2)", target.OSS.Bucket)
		}
	}
}

// environmentSize is the size of the function's environment as s.yaml makes it.
func environmentSize(lookup func(string) (string, bool)) int {
	n := 0
	for _, v := range config.Variables() {
		value, _ := lookup(v.Name)
		n += len(v.Name) + len(cmp.Or(value, v.Default))
	}
	return n
}

// fitsConsole says whether VOD and IMS accept key in their callback settings.
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

// bucketIsMissing asks OSS, unsigned, which of two refusals it has for us: a private bucket is forbidden,
// one that nobody has is missing. Where there is no answer, it is not known to be missing.
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
