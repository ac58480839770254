package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/callback"
	"github.com/vod-callback/recorder/internal/local/fclocal"
	"github.com/vod-callback/recorder/internal/local/sample"
)

const (
	key         = "Bench1Key"
	callbackURL = "https://www.example.com/your/callback"
	warmTime    = 700 * time.Millisecond // of one round with one number in flight
	deliveries  = 10_000                 // before the memory is looked at
)

// signedCallback returns the HTTP trigger event of a signed VOD callback.
func signedCallback(event sample.Event) ([]byte, error) {
	target, err := url.Parse(callbackURL)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	return sample.HTTP(http.MethodPost, target, callback.VOD.SignNow(callbackURL, key, now), event.JSON(), now), nil
}

// start runs a contestant that takes as many invocations at a time as are sent.
func start(c contestant, env ...string) (*fclocal.Runtime, error) {
	return fclocal.Start(fclocal.Options{
		Function: c.path, Concurrency: 64, Timeout: 5 * time.Minute, Log: io.Discard,
		Env: slices.Concat([]string{"VOD_CALLBACK_KEYS=" + key, "VOD_CALLBACK_MAX_AGE=0", "RECORD_TO=log:", "RECORD_TIMEOUT=4m"}, c.env, env),
	})
}

// A standing is what was measured of one contestant.
type standing struct {
	cold         []time.Duration
	perSecond    map[int][]float64 // by the number in flight
	cpu          map[int][]float64 // seconds of CPU time an invocation, likewise
	size, memory float64           // bytes
}

var inFlight = []int{1, 16}

// overhead measures what every invocation costs, whatever it does.
func overhead(ctx context.Context, out io.Writer, contestants []contestant, rounds int) error {
	payload, err := signedCallback(sample.Event{Status: events.Fail})
	if err != nil {
		return err
	}
	standings := make([]standing, len(contestants))
	for i := range standings {
		standings[i].perSecond, standings[i].cpu = map[int][]float64{}, map[int][]float64{}
	}
	for range 3 * rounds { // short, and uneven
		for i, c := range contestants {
			d, err := coldStart(ctx, c, payload)
			if err != nil {
				return err
			}
			standings[i].cold = append(standings[i].cold, d)
		}
	}
	if err := warm(ctx, contestants, standings, payload, rounds); err != nil {
		return err
	}
	table := newTable(out, "A signed callback, recorded to the log (medians; ratios to the no-op function)",
		"", "1 in flight", "", "CPU", "", "16 in flight", "", "CPU", "", "first answer", "", "size", "", "memory", "")
	floor := standings[0]
	for i, c := range contestants {
		s := standings[i]
		cells := []any{c.name}
		for _, n := range inFlight {
			cells = append(cells, fmt.Sprintf("%.0f/s", median(s.perSecond[n])), ratio(median(s.perSecond[n]), median(floor.perSecond[n])),
				fmt.Sprintf("%.0f µs", 1e6*median(s.cpu[n])), ratio(median(s.cpu[n]), median(floor.cpu[n])))
		}
		cells = append(cells, millis(median(s.cold)), ratio(float64(median(s.cold)), float64(median(floor.cold))),
			fmt.Sprintf("%.2f MB", s.size/1e6), ratio(s.size, floor.size), fmt.Sprintf("%.1f MB", s.memory/1e6), ratio(s.memory, floor.memory))
		row(table, cells...)
	}
	return table.Flush()
}

func ratio(a, b float64) string { return fmt.Sprintf("%.2f", a/b) }

// coldStart measures the time from the start of the process to its first answer.
func coldStart(ctx context.Context, c contestant, payload []byte) (time.Duration, error) {
	begin := time.Now()
	rt, err := start(c)
	if err != nil {
		return 0, err
	}
	defer rt.Close() //nolint:errcheck // it is killed
	if err := deliver(ctx, rt, payload); err != nil {
		return 0, err
	}
	return time.Since(begin), nil
}

// warm measures throughput, CPU time and memory of instances that stay.
func warm(ctx context.Context, contestants []contestant, standings []standing, payload []byte, rounds int) error {
	runtimes := make([]*fclocal.Runtime, len(contestants))
	for i, c := range contestants {
		rt, err := start(c)
		if err != nil {
			return err
		}
		defer rt.Close() //nolint:errcheck // it is killed
		runtimes[i] = rt
		if err := load(ctx, rt, payload, 16, func(n int64) bool { return n < deliveries }); err != nil {
			return err
		}
		standings[i].memory = float64(peakMemory(rt.PID()))
		if info, err := os.Stat(c.path); err == nil {
			standings[i].size = float64(info.Size())
		}
	}
	for range rounds {
		for _, n := range inFlight {
			for i, rt := range runtimes {
				perSecond, cpu, err := burst(ctx, rt, payload, n)
				if err != nil {
					return err
				}
				standings[i].perSecond[n] = append(standings[i].perSecond[n], perSecond)
				standings[i].cpu[n] = append(standings[i].cpu[n], cpu)
			}
		}
	}
	return nil
}

// burst loads an instance for warmTime and returns invocations per second and CPU seconds an invocation.
func burst(ctx context.Context, rt *fclocal.Runtime, payload []byte, n int) (perSecond, cpu float64, err error) {
	var done atomic.Int64
	before, begin := cpuTime(rt.PID()), time.Now()
	err = load(ctx, rt, payload, n, func(int64) bool {
		done.Add(1)
		return time.Since(begin) < warmTime
	})
	elapsed, used := time.Since(begin), cpuTime(rt.PID())-before
	return float64(done.Load()) / elapsed.Seconds(), used.Seconds() / float64(done.Load()), err
}

// load has n senders deliver payload while more says so.
func load(ctx context.Context, rt *fclocal.Runtime, payload []byte, n int, more func(sent int64) bool) error {
	var sent atomic.Int64
	var once sync.Once
	var failure error
	var senders sync.WaitGroup
	for range n {
		senders.Go(func() {
			for more(sent.Add(1) - 1) {
				if err := deliver(ctx, rt, payload); err != nil {
					once.Do(func() { failure = err })
					return
				}
			}
		})
	}
	senders.Wait()
	return failure
}

// deliver makes sure that the answer is the right one: what does not do the job does not count.
func deliver(ctx context.Context, rt *fclocal.Runtime, payload []byte) error {
	resp, err := rt.Invoke(ctx, payload)
	if err != nil {
		return err
	}
	if resp.Failed || !bytes.Contains(resp.Payload, []byte("recorded")) {
		return fmt.Errorf("answer %s", resp.Payload)
	}
	return nil
}

// cpuTime returns the CPU time that the process has used, from proc(5), in whole ticks of 10 ms.
func cpuTime(pid int) time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	user, _ := strconv.Atoi(string(fields[11]))
	system, _ := strconv.Atoi(string(fields[12]))
	return time.Duration(user+system) * 10 * time.Millisecond
}

// peakMemory returns the most resident memory that the process has had, in bytes, from proc(5).
func peakMemory(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, after, _ := bytes.Cut(status, []byte("VmHWM:"))
	line, _, _ := bytes.Cut(after, []byte("kB"))
	kilobytes, _ := strconv.ParseInt(string(bytes.TrimSpace(line)), 10, 64)
	return kilobytes * 1024
}
