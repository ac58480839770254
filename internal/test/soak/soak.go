// Package soak proves that nothing is lost, nothing doubled, and nobody let in: it plays the real senders
// against the real function while its storage fails and its instances are killed, and then accounts for
// every event.
package soak

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vod-callback/recorder/internal/callback"
	"github.com/vod-callback/recorder/internal/local/fclocal"
	"github.com/vod-callback/recorder/internal/test/osstest"
)

// Config says how to soak. All fields but Progress are required.
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
	// Margin is how much later than RECORD_TIMEOUT an answer may come.
	Margin = 250 * time.Millisecond
)

// A run is a soak under way.
type run struct {
	Config
	plan    plan
	secrets *secrets
	ledger  *ledger
	oss     *osstest.Server
	keys    []callback.Key
	free    chan *fclocal.Runtime
	all     []*fclocal.Runtime
	logs    []*os.File

	lenient atomic.Bool // the senders are done; the replay meets a few passing faults only
	faults  counter
	stalls  []stall
	mu      sync.Mutex
	current osstest.Credentials
}

// Run soaks. An error says that it could not be done; what it found is in the Report.
func Run(ctx context.Context, cfg Config) (*Report, error) {
	r := &run{Config: cfg, plan: plan{cfg.Seed}, secrets: newSecrets(cfg.Seed)}
	r.ledger = newLedger(r.secrets)
	r.keys = []callback.Key{callback.Key(r.secrets.next("Key1")), callback.Key(r.secrets.next("Key2"))}
	start := time.Now()
	if err := r.startOSS(); err != nil {
		return nil, err
	}
	defer r.oss.Close() //nolint:errcheck // it is all over
	if err := r.startInstances(); err != nil {
		return nil, errors.Join(err, r.stopInstances())
	}
	r.deliverAll(ctx)
	if err := r.stopInstances(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	report := &Report{Config: cfg}
	report.Took = time.Since(start)
	r.lenient.Store(true)
	if err := r.replay(ctx, report); err != nil {
		return nil, err
	}
	r.account(report)
	return report, r.scanLogs(report)
}

// startOSS starts the storage with its faults.
func (r *run) startOSS() (err error) {
	if r.oss, err = osstest.Start(osstest.Config{LogSize: 1}); err != nil {
		return err
	}
	r.oss.AddBucket(bucketName, osstest.BucketOptions{})
	r.renewCredentials()
	r.oss.SetFault(func(req osstest.Request) osstest.Fault {
		r.secrets.addSignature(req.Header.Get("Authorization"))
		var f fault
		switch r.lenient.Load() {
		case false:
			f = r.plan.fault(req.Key, req.Before, r.Faults)
		case true:
			if req.Before%7 == 1 {
				f = fault{"reset after storing", osstest.Fault{Break: osstest.ResetAfter}}
			}
		}
		if f.name != "" {
			r.faults.add(f.name)
		}
		return f.Fault
	})
	return nil
}

// renewCredentials gives every later invocation new credentials. The old ones end at once, also for
// what is under way.
func (r *run) renewCredentials() {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.current
	r.current = osstest.Credentials{
		AccessKeyID: "STS." + r.secrets.next("ID"), AccessKeySecret: r.secrets.next("Secret"), SecurityToken: r.secrets.next("Token"),
	}
	r.oss.AddCredentials(r.current)
	for _, rt := range r.all {
		rt.SetContext(r.context())
	}
	if old.AccessKeyID != "" {
		r.oss.ExpireCredentials(old.AccessKeyID)
		r.faults.add("credentials renewed")
	}
}

func (r *run) context() fclocal.Context {
	return fclocal.Context{
		Region: r.oss.Region(), AccountID: accountID,
		AccessKeyID: r.current.AccessKeyID, AccessKeySecret: r.current.AccessKeySecret, SecurityToken: r.current.SecurityToken,
	}
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
				"RECORD_TO=" + r.storeURL(),
				"RECORD_TIMEOUT=" + r.RecordTimeout.String(),
				"VOD_CALLBACK_KEYS=" + string(r.keys[0]) + "," + string(r.keys[1]),
				"VOD_CALLBACK_URLS=" + callbackURL,
				"LOG_LEVEL=info",
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

// deliverAll plays all senders, more of them at a time than there are instances, since many are pausing.
func (r *run) deliverAll(ctx context.Context) {
	var done atomic.Int64
	background, stop := context.WithCancel(ctx)
	var helpers sync.WaitGroup
	helpers.Go(func() { every(background, rotation, r.renewCredentials) })
	helpers.Go(func() { r.stalls = watch(background) })
	helpers.Go(func() {
		every(background, 10*time.Second, func() {
			r.Progress(fmt.Sprintf("%d of %d deliveries, %d tries", done.Load(), r.Deliveries, r.ledger.tries.total()))
		})
	})
	var next atomic.Int64
	var senders sync.WaitGroup
	for range 4 * r.Instances {
		senders.Go(func() {
			for n := next.Add(1) - 1; n < int64(r.Deliveries) && ctx.Err() == nil; n = next.Add(1) - 1 {
				r.deliver(ctx, r.plan.delivery(uint64(n))) //nolint:gosec // G115: it counts from 0
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

// deliver plays one sender from the first try to the last.
func (r *run) deliver(ctx context.Context, d delivery) {
	account := r.ledger.open(d)
	for try := 1; try <= d.kind.tries; try++ {
		if try > 1 {
			sleep(ctx, r.plan.pauseAfter(d, try, r.Pace))
		}
		answer := r.try(ctx, d, try)
		r.ledger.answered(account, answer)
		if answer.success || ctx.Err() != nil {
			return
		}
	}
}

// try hands a delivery over once.
func (r *run) try(ctx context.Context, d delivery, try int) answer {
	var rt *fclocal.Runtime
	select {
	case rt = <-r.free:
	case <-ctx.Done():
		return answer{what: noAnswer}
	}
	defer func() { r.free <- rt }()
	r.ledger.tries.add(d.kind.name)
	if after, yes := r.plan.kill(d.number, try); yes {
		r.faults.add("instance killed")
		time.AfterFunc(after, rt.Kill)
	}
	waiting, cancel := context.WithTimeout(ctx, d.kind.wait)
	defer cancel()
	resp, err := rt.Invoke(waiting, r.payload(d, try))
	if err != nil {
		return answer{what: noAnswer}
	}
	r.secrets.scan("an answer", resp.Payload)
	return readAnswer(d, resp)
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// storeURL is where the function and the replay record.
func (r *run) storeURL() string {
	return "oss://" + bucketName + "/" + prefix + "?region=" + r.oss.Region() + "&endpoint=" + r.oss.URL()
}

// relative is the part of an object's key that does not depend on where the records lie.
func relative(key string) string { return strings.TrimPrefix(key, prefix+"/") }
