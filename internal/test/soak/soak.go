// Package soak checks that no event is lost or stored twice, and that no unauthentic callback is stored. It simulates
// the senders against the built function while the storage fails and instances are killed. Then it replays the logs
// with the built vodctl, and accounts for every event.
package soak

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vod-callback/recorder/internal/callback"
	"github.com/vod-callback/recorder/internal/local/fclocal"
	"github.com/vod-callback/recorder/internal/test/osstest"
	"github.com/vod-callback/recorder/internal/test/proc"
)

// Config configures a soak. All fields are required.
type Config struct {
	Function      string // the built function
	Vodctl        string // the built command line
	Dir           string // an empty directory, for the instances' logs
	Seed          uint64
	Deliveries    int
	Instances     int           // of the function, each of which has one delivery at a time, as on the platform
	RecordTimeout time.Duration // RECORD_TIMEOUT
	Faults        float64       // the share of requests to OSS that fail
	// Pace is a factor on the pauses between a sender's tries. How long it waits for an answer stays.
	Pace     float64
	Progress func(string)
}

const (
	bucketName      = "outcomes"
	prefix          = "edits"
	accountID       = "1234567890123456"
	callbackURL     = "https://recorder.example.com/callback?from=soak"
	functionTimeout = 10 * time.Second
	rotation        = 3 * time.Second // of the role's credentials
	memory          = 128             // MB that an instance of s.yaml has
)

// A run is a running soak.
type run struct {
	Config
	plan    plan
	secrets *secrets
	books   *books
	oss     *osstest.Server
	keys    []callback.Key
	all     []*fclocal.Runtime
	free    chan *fclocal.Runtime
	logs    []*os.File
	logged  int // bytes

	mu      sync.Mutex
	current osstest.Credentials
}

// Run runs a soak. The report and the failures contain the findings. An error means that the soak could not run.
func Run(ctx context.Context, cfg Config) (report string, failures []string, err error) {
	r := &run{Config: cfg, plan: plan{cfg.Seed}, secrets: newSecrets(cfg.Seed), books: newBooks()}
	r.keys = []callback.Key{callback.Key(r.secrets.next("Key1")), callback.Key(r.secrets.next("Key2"))}
	if r.oss, err = osstest.Start(osstest.Config{LogSize: 1}); err != nil {
		return "", nil, err
	}
	defer r.oss.Close() //nolint:errcheck // the run has ended
	r.oss.AddBucket(bucketName, osstest.BucketOptions{})
	r.renewCredentials()
	r.setFaults(func(req osstest.Request) fault { return r.plan.fault(req.Key, req.Before, r.Faults) })
	err = r.startInstances()
	if err == nil {
		r.deliverAll(ctx)
		r.checkMemory()
	}
	if err := errors.Join(err, r.stopInstances(), ctx.Err()); err != nil {
		return "", nil, err
	}
	r.setFaults(func(req osstest.Request) fault { // the replay meets a few passing faults
		if req.Before%7 != 1 {
			return fault{}
		}
		return fault{name: "reset after storing", Fault: osstest.Fault{Break: osstest.ResetAfter}}
	})
	for round := range 2 {
		if err := r.replay(ctx, round); err != nil {
			return "", nil, err
		}
	}
	r.books.account(r.objects())
	if err := r.scanLogs(); err != nil {
		return "", nil, err
	}
	for leak, n := range r.secrets.leaks {
		r.books.fail("%d leaks: %s", n, leak)
	}
	report = fmt.Sprintf("%s%-14s %d, looked for in %d MB of log, all records and all answers\n%-14s %d\n",
		r.books, "secrets", r.secrets.made+len(r.secrets.signatures), r.logged>>20, "OSS requests", r.oss.Stats().Requests)
	return report, r.books.failures, nil
}

// setFaults sets the function that determines the fault of each request to OSS.
func (r *run) setFaults(f func(osstest.Request) fault) {
	r.oss.SetFault(func(req osstest.Request) osstest.Fault {
		r.secrets.addSignature(req.Header.Get("Authorization"))
		fault := f(req)
		if fault.name != "" {
			r.books.count("faults", fault.name)
		}
		return fault.Fault
	})
}

// renewCredentials gives every later invocation new credentials. The old ones become invalid immediately, also for
// running invocations.
func (r *run) renewCredentials() {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.current.AccessKeyID
	r.current = osstest.Credentials{
		AccessKeyID: "STS." + r.secrets.next("ID"), AccessKeySecret: r.secrets.next("Secret"), SecurityToken: r.secrets.next("Token"),
	}
	r.oss.AddCredentials(r.current)
	for _, rt := range r.all {
		rt.SetContext(r.context())
	}
	r.oss.ExpireCredentials(old)
	r.books.count("faults", "credentials renewed")
}

func (r *run) context() fclocal.Context {
	return fclocal.Context{
		Region: r.oss.Region(), AccountID: accountID,
		AccessKeyID: r.current.AccessKeyID, AccessKeySecret: r.current.AccessKeySecret, SecurityToken: r.current.SecurityToken,
	}
}

// storeURL is where the function and the replay record.
func (r *run) storeURL() string {
	return "oss://" + bucketName + "/" + prefix + "?region=" + r.oss.Region() + "&endpoint=" + r.oss.URL()
}

func (r *run) startInstances() error {
	r.free = make(chan *fclocal.Runtime, r.Instances)
	for i := range r.Instances {
		log, err := os.OpenFile(filepath.Join(r.Dir, fmt.Sprintf("instance-%03d.log", i)), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		r.logs = append(r.logs, log)
		rt, err := fclocal.Start(fclocal.Options{
			Function: r.Function,
			Env: []string{
				"RECORD_TO=" + r.storeURL(), "RECORD_TIMEOUT=" + r.RecordTimeout.String(),
				"VOD_CALLBACK_KEYS=" + string(r.keys[0]) + "," + string(r.keys[1]), "VOD_CALLBACK_URLS=" + callbackURL,
			},
			Timeout: functionTimeout, Log: log, Context: r.context(),
		})
		if err != nil {
			return err
		}
		r.all = append(r.all, rt)
		r.free <- rt
	}
	return nil
}

func (r *run) stopInstances() error {
	var errs []error
	for _, rt := range r.all {
		errs = append(errs, rt.Close())
	}
	for _, log := range r.logs {
		errs = append(errs, log.Close())
	}
	return errors.Join(errs...)
}

// deliverAll runs all senders. It runs more of them concurrently than there are instances, because many are pausing.
func (r *run) deliverAll(ctx context.Context) {
	var next, done atomic.Int64
	background, stop := context.WithCancel(ctx)
	var helpers, senders sync.WaitGroup
	helpers.Go(func() { every(background, rotation, r.renewCredentials) })
	helpers.Go(func() {
		every(background, 10*time.Second, func() { r.Progress(fmt.Sprintf("%d of %d deliveries", done.Load(), r.Deliveries)) })
	})
	for range 4 * r.Instances {
		senders.Go(func() {
			for n := int(next.Add(1) - 1); n < r.Deliveries && ctx.Err() == nil; n = int(next.Add(1) - 1) {
				r.deliver(ctx, r.plan.delivery(n))
				done.Add(1)
			}
		})
	}
	senders.Wait()
	stop()
	helpers.Wait()
}

// every calls f again and again until ctx ends.
func every(ctx context.Context, d time.Duration, f func()) {
	ticker := time.NewTicker(d)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			f()
		case <-ctx.Done():
			return
		}
	}
}

// checkMemory checks the peak memory of the running instances.
func (r *run) checkMemory() {
	for _, rt := range r.all {
		peak, _, err := proc.Usage(rt.PID())
		if err == nil && peak > memory<<20 { // a killed one, or another system, does not say
			r.books.fail("an instance took %d MB of memory", peak>>20)
		}
	}
}

// counted matches the counts in the summary of vodctl replay.
var counted = regexp.MustCompile(`(\d+) (recorded|duplicate|failed|not understood)`)

// replay runs vodctl replay on the logs, as the operator does. The second time, there must be nothing left to record.
func (r *run) replay(ctx context.Context, round int) error {
	args := []string{"replay", "--concurrency", "8", "--timeout", "20s", "--to", r.storeURL()}
	for _, log := range r.logs {
		args = append(args, log.Name())
	}
	cmd := exec.CommandContext(ctx, r.Vodctl, args...) //nolint:gosec // G204: running the built program is the purpose
	cmd.Env = append(os.Environ(), "ALIBABA_CLOUD_ACCESS_KEY_ID="+r.current.AccessKeyID,
		"ALIBABA_CLOUD_ACCESS_KEY_SECRET="+r.current.AccessKeySecret, "ALIBABA_CLOUD_SECURITY_TOKEN="+r.current.SecurityToken)
	said, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return fmt.Errorf("vodctl replay: %w", err)
	}
	r.secrets.scan("the output of replay", said)
	lines := strings.Split(strings.TrimSpace(string(said)), "\n")
	summary := lines[len(lines)-1]
	sum := map[string]int{}
	for _, match := range counted.FindAllStringSubmatch(summary, -1) {
		sum[match[2]], _ = strconv.Atoi(match[1]) // digits
	}
	// The lines over which an instance was killed are cut, and replay says so.
	if len(sum) != 4 || sum["failed"] > 0 || cmd.ProcessState.Success() != (sum["not understood"] == 0) || round > 0 && sum["recorded"] > 0 {
		r.books.fail("replay %d: %v, %s", round+1, cmd.ProcessState, said)
	}
	r.books.count("replays", summary)
	return nil
}

// objects yields what is stored, and looks for secrets in it.
func (r *run) objects() iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for key, body := range r.oss.Objects(bucketName) {
			r.secrets.scan("a record", body)
			if !yield(strings.TrimPrefix(key, prefix+"/"), body) {
				return
			}
		}
	}
}

// scanLogs looks for secrets in all that the instances wrote.
func (r *run) scanLogs() error {
	for _, log := range r.logs {
		f, err := os.Open(log.Name())
		if err != nil {
			return err
		}
		in := bufio.NewReaderSize(f, 1<<20)
		for err == nil {
			var line []byte
			line, err = in.ReadBytes('\n')
			r.logged += len(line)
			r.secrets.scan("the log", line)
		}
		if !errors.Is(err, io.EOF) {
			return errors.Join(err, f.Close())
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}
