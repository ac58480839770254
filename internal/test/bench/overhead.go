package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vod-callback/recorder/internal/callback"
	"github.com/vod-callback/recorder/internal/local/fclocal"
	"github.com/vod-callback/recorder/internal/local/sample"
	"github.com/vod-callback/recorder/internal/test/proc"
)

const (
	callbackKey = "Bench1Key"
	callbackURL = "https://www.example.com/your/callback"
	burstTime   = 300 * time.Millisecond
	warmUp      = 10_000 // deliveries before the memory is looked at
)

// A side is one of the two functions and its measurements.
type side struct {
	path         string
	runtime      *fclocal.Runtime
	first        []float64 // milliseconds from the start of the process to its first answer
	rate, cpu    [2][]float64
	size, memory []float64 // once
}

// inFlight is the number of concurrent invocations in a burst, by the index of rate and cpu.
var inFlight = [2]int{1, 16}

// overhead compares a signed callback that is recorded to the log with a function that does nothing.
func overhead(ctx context.Context, function, noop string, rounds int) ([]figure, error) {
	target, err := url.Parse(callbackURL)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	payload := sample.HTTP(http.MethodPost, target, callback.VOD.SignNow(callbackURL, callbackKey, now), sample.Event{Status: "fail"}.JSON(), now)
	sides := []*side{{path: function}, {path: noop}}
	for range 3 * rounds { // short, and uneven
		for _, s := range sides {
			if err := s.firstAnswer(ctx, payload); err != nil {
				return nil, err
			}
		}
	}
	for _, s := range sides {
		if err := s.start(ctx, payload); err != nil {
			return nil, err
		}
		defer s.runtime.Close() //nolint:errcheck // it is killed
	}
	for range rounds {
		for i := range inFlight {
			for _, s := range sides {
				if err := s.burst(ctx, payload, i); err != nil {
					return nil, err
				}
			}
		}
	}
	ours, floor := sides[0], sides[1]
	return []figure{
		{"one at a time", "%.0f/s", ours.rate[0], floor.rate[0], 0.85, true},
		{"16 in flight", "%.0f/s", ours.rate[1], floor.rate[1], 1, true},
		{"CPU, one at a time", "%.0f µs", ours.cpu[0], floor.cpu[0], 1.2, false},
		{"CPU, 16 in flight", "%.0f µs", ours.cpu[1], floor.cpu[1], 1.2, false},
		{"first answer", "%.2f ms", ours.first, floor.first, 1.15, false},
		{"size", "%.2f MB", ours.size, floor.size, 1.15, false},
		{"peak memory", "%.1f MB", ours.memory, floor.memory, 1.15, false},
	}, nil
}

// open starts the function without a limit on concurrent invocations.
func (s *side) open() (rt *fclocal.Runtime, err error) {
	return fclocal.Start(fclocal.Options{
		Function: s.path, Concurrency: inFlight[1], Timeout: 5 * time.Minute, Log: io.Discard,
		Env: []string{"VOD_CALLBACK_KEYS=" + callbackKey, "VOD_CALLBACK_MAX_AGE=0", "RECORD_TO=log:", "RECORD_TIMEOUT=4m"},
	})
}

func (s *side) firstAnswer(ctx context.Context, payload []byte) error {
	begin := time.Now()
	rt, err := s.open()
	if err != nil {
		return err
	}
	defer rt.Close() //nolint:errcheck // it is killed
	err = deliver(ctx, rt, payload)
	s.first = append(s.first, time.Since(begin).Seconds()*1e3)
	return err
}

// start starts an instance for all rounds, warms it up, and measures its size and memory.
func (s *side) start(ctx context.Context, payload []byte) (err error) {
	if s.runtime, err = s.open(); err != nil {
		return err
	}
	var sent atomic.Int64
	if err := load(ctx, s.runtime, payload, inFlight[1], func() bool { return sent.Add(1) <= warmUp }); err != nil {
		return err
	}
	peak, _, err := proc.Usage(s.runtime.PID())
	if err != nil {
		return err
	}
	info, err := os.Stat(s.path)
	if err != nil {
		return err
	}
	s.memory, s.size = []float64{float64(peak) / 1e6}, []float64{float64(info.Size()) / 1e6}
	return nil
}

// burst loads the instance for burstTime. It measures invocations per second and CPU time per invocation.
func (s *side) burst(ctx context.Context, payload []byte, i int) error {
	_, before, err := proc.Usage(s.runtime.PID())
	if err != nil {
		return err
	}
	var sent atomic.Int64
	begin := time.Now()
	err = load(ctx, s.runtime, payload, inFlight[i], func() bool {
		more := time.Since(begin) < burstTime
		if more {
			sent.Add(1)
		}
		return more
	})
	elapsed := time.Since(begin)
	if err != nil {
		return err
	}
	_, after, err := proc.Usage(s.runtime.PID())
	s.rate[i] = append(s.rate[i], float64(sent.Load())/elapsed.Seconds())
	s.cpu[i] = append(s.cpu[i], (after-before).Seconds()*1e6/float64(sent.Load()))
	return err
}

// load delivers payload from n senders as long as more returns true.
func load(ctx context.Context, rt *fclocal.Runtime, payload []byte, n int, more func() bool) error {
	failures := make(chan error, n)
	var senders sync.WaitGroup
	for range n {
		senders.Go(func() {
			for more() {
				if err := deliver(ctx, rt, payload); err != nil {
					failures <- err
					return
				}
			}
		})
	}
	senders.Wait()
	close(failures)
	return <-failures // nil where there is none
}

// deliver delivers payload and checks the answer, because only correct answers count.
func deliver(ctx context.Context, rt *fclocal.Runtime, payload []byte) error {
	resp, err := rt.Invoke(ctx, payload)
	if err == nil && (resp.Failed || !bytes.Contains(resp.Payload, []byte("recorded"))) {
		err = fmt.Errorf("answer %s", resp.Payload)
	}
	return err
}
