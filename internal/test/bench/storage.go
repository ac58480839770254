package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/vod-callback/recorder/internal/local/fclocal"
	"github.com/vod-callback/recorder/internal/local/sample"
	"github.com/vod-callback/recorder/internal/test/osstest"
)

// roundTrip is what the OSS of the measurement takes to answer.
const roundTrip = 20 * time.Millisecond

// storage measures events recorded to an OSS that answers after roundTrip. Only our function can.
func storage(ctx context.Context, out io.Writer, contestants []contestant, rounds int) error {
	server, err := osstest.Start(osstest.Config{LogSize: 1})
	if err != nil {
		return err
	}
	defer server.Close() //nolint:errcheck // the measurement is over
	credentials := osstest.Credentials{AccessKeyID: "LTAIbench", AccessKeySecret: "bench"}
	server.AddBucket("bench", osstest.BucketOptions{})
	server.SetCredentials(credentials)
	server.SetFault(func(osstest.Request) osstest.Fault { return osstest.Fault{Delay: roundTrip} })
	rt, err := fclocal.Start(fclocal.Options{
		Function: contestants[1].path, Timeout: 5 * time.Minute, Log: io.Discard,
		Env:     []string{"RECORD_TO=oss://bench?endpoint=" + server.URL() + "&region=" + server.Region(), "RECORD_TIMEOUT=4m"},
		Context: fclocal.Context{AccessKeyID: credentials.AccessKeyID, AccessKeySecret: credentials.AccessKeySecret},
	})
	if err != nil {
		return err
	}
	defer rt.Close() //nolint:errcheck // it is killed
	table := newTable(out, fmt.Sprintf("Recorded to OSS, which answers after %v", roundTrip),
		"events", "time", "round trips", "requests", "new connections")
	for _, n := range []int{1, 100, 10_000} {
		repeat := rounds
		if n == 1 {
			repeat = 5 * rounds
		}
		if err := storageRow(ctx, table, server, rt, n, repeat); err != nil {
			return err
		}
	}
	return table.Flush()
}

func storageRow(ctx context.Context, table io.Writer, server *osstest.Server, rt *fclocal.Runtime, n, repeat int) error {
	if err := deliver(ctx, rt, batch(n)); err != nil { // what comes after it is warm
		return err
	}
	before := server.Stats()
	times := make([]time.Duration, repeat)
	for i := range times {
		payload := batch(n)
		begin := time.Now()
		if err := deliver(ctx, rt, payload); err != nil {
			return err
		}
		times[i] = time.Since(begin)
	}
	after := server.Stats()
	t := median(times)
	row(table, n, millis(t), fmt.Sprintf("%.2f", t.Seconds()/roundTrip.Seconds()),
		fmt.Sprintf("%.2f an event", float64(after.Requests-before.Requests)/float64(n*repeat)), after.Connections-before.Connections)
	return nil
}

// batch returns n new events as EventBridge delivers them.
func batch(n int) []byte {
	messages := make([][]byte, n)
	for i := range messages {
		messages[i] = sample.Event{}.JSON()
	}
	return sample.MNSQueueBatch(messages, time.Now())
}
