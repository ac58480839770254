package main

import (
	"context"
	"io"
	"time"

	"github.com/vod-callback/recorder/internal/local/fclocal"
	"github.com/vod-callback/recorder/internal/local/sample"
	"github.com/vod-callback/recorder/internal/test/osstest"
	"github.com/vod-callback/recorder/internal/test/proc"
)

// roundTrip is the response time of OSS in the measurement.
const roundTrip = 20 * time.Millisecond

// storage measures events recorded to an OSS that answers after roundTrip.
func storage(ctx context.Context, function string, rounds int) ([]figure, error) {
	server, err := osstest.Start(osstest.Config{LogSize: 1})
	if err != nil {
		return nil, err
	}
	defer server.Close() //nolint:errcheck // the measurement is over
	credentials := osstest.Credentials{AccessKeyID: "LTAIbench", AccessKeySecret: "bench"}
	server.AddBucket("bench", osstest.BucketOptions{})
	server.SetCredentials(credentials)
	server.SetFault(func(osstest.Request) osstest.Fault { return osstest.Fault{Delay: roundTrip} })
	rt, err := fclocal.Start(fclocal.Options{
		Function: function, Timeout: 5 * time.Minute, Log: io.Discard,
		Env:     []string{"RECORD_TO=oss://bench?endpoint=" + server.URL() + "&region=" + server.Region(), "RECORD_TIMEOUT=4m"},
		Context: fclocal.Context{AccessKeyID: credentials.AccessKeyID, AccessKeySecret: credentials.AccessKeySecret},
	})
	if err != nil {
		return nil, err
	}
	defer rt.Close()            //nolint:errcheck // it is killed
	took := map[int][]float64{} // seconds, by the number of events
	events := 0
	for _, n := range []int{1, 100, 10_000} {
		if err := deliver(ctx, rt, batch(n)); err != nil { // it opens connections
			return nil, err
		}
		for range rounds {
			payload := batch(n)
			begin := time.Now()
			if err := deliver(ctx, rt, payload); err != nil {
				return nil, err
			}
			took[n] = append(took[n], time.Since(begin).Seconds())
		}
		events += n * (rounds + 1)
	}
	peak, _, err := proc.Usage(rt.PID())
	if err != nil {
		return nil, err
	}
	trips := func(n int) (trips []float64) {
		for _, seconds := range took[n] {
			trips = append(trips, seconds/roundTrip.Seconds())
		}
		return trips
	}
	return []figure{
		{name: "OSS requests an event", unit: "%.2f", ours: []float64{float64(server.Stats().Requests) / float64(events)}, goal: 1},
		{name: "one event", unit: "%.2f round trips", ours: trips(1), goal: 1.1},
		{name: "a batch of 100", unit: "%.2f round trips", ours: trips(100), goal: 3},
		{name: "a batch of 10,000", unit: "%.2f s", ours: took[10_000], goal: 1.5},
		{name: "its peak memory", unit: "%.0f MB", ours: []float64{float64(peak) / 1e6}, goal: 128},
	}, nil
}

// batch returns n new events as EventBridge delivers them.
func batch(n int) []byte {
	messages := make([][]byte, n)
	for i := range messages {
		messages[i] = sample.Event{}.JSON()
	}
	return sample.MNSQueueBatch(messages, time.Now())
}
