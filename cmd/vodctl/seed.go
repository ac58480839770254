package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/local/sample"
	"github.com/vod-callback/recorder/internal/outcome"
	"github.com/vod-callback/recorder/internal/record"
)

func newSeed() *cobra.Command {
	var dir, end string
	var count, days int
	cmd := &cobra.Command{
		Use:   "seed",
		Short: "Write sample outcomes to try list, show and report",
		Long: `Record sample outcomes in a directory, in the function's own form. They cover the last
days. Some edits failed, and more than usual failed on one afternoon.

The IDs are the same every time. The directory must be new or empty, so that sample
outcomes are never mixed with real ones.`,
		Example: `  vodctl seed --to sample-outcomes
  vodctl list --from sample-outcomes --since 24h --status fail`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			to := time.Now()
			if end != "" {
				var err error
				if to, err = time.Parse(time.RFC3339, end); err != nil {
					return usagef("--end %q: want an RFC 3339 time such as 2026-11-21T08:00:00Z", end)
				}
			}
			if count < 1 || days < 1 {
				return usagef("want --count and --days of 1 or more")
			}
			store, err := emptyDir(dir)
			if err != nil {
				return err
			}
			if err := seed(cmd.Context(), record.FileRecorder{Dir: store}, count, to.AddDate(0, 0, -days), to); err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "Wrote %s covering %s to %s. Look at them:\n",
				plural(count, "sample outcome"), plural(days, "day"), dir)
			since := to.AddDate(0, 0, -1).UTC().Format(time.RFC3339)
			suggest(cmd.ErrOrStderr(), commandLine("list", "--from", dir, "--since", since, "--status", "fail"),
				commandLine("report", "--from", dir, "--since", to.AddDate(0, 0, -days).UTC().Format(time.RFC3339)))
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&dir, "to", "sample-outcomes", "the directory to record to; it must be new or empty")
	f.IntVar(&count, "count", 2000, "the number of outcomes")
	f.IntVar(&days, "days", 14, "the number of days")
	f.StringVar(&end, "end", "", "the end of the last day, RFC 3339 (default: now)")
	if err := cmd.MarkFlagDirname("to"); err != nil {
		panic(err) // the flag exists
	}
	return cmd
}

// seedRejected are deliveries that contain no event.
var seedRejected = []string{
	`{"EventType":"ProduceMediaComplete","EventTime":"yesterday","Status":"success","MediaId":"m","ProjectId":"p"}`,
	`<html>hello</html>`,
	`{"EventType":"ProduceMediaComplete","EventTime":"2018-12-26T14:34:09Z","Status":"success","ProjectId":"p"}`,
}

// seed records a history of sample outcomes, many at the same time, because each one waits for the disk.
func seed(ctx context.Context, r record.Recorder, count int, from, to time.Time) error {
	var work sync.WaitGroup
	slots := make(chan struct{}, 64)
	failed := make(chan error, 1)
	keep := func(e record.Entry, err error) {
		slots <- struct{}{}
		work.Go(func() {
			defer func() { <-slots }()
			if err == nil {
				_, err = r.Record(ctx, e)
			}
			if err != nil {
				select {
				case failed <- err:
				default: // keep the first error
				}
			}
		})
	}
	for o := range sample.History(count, from, to, 1) {
		if ctx.Err() != nil {
			break
		}
		keep(o.Entry())
	}
	for i, payload := range seedRejected {
		_, err := events.Parse([]byte(payload), events.Selection{events.TypeProduceMediaComplete})
		keep(outcome.NewRejected(err.Error(), []byte(payload), outcome.Facts{
			Trigger: "http", RequestID: "1-0-0", ReceivedAt: to.Add(-time.Duration(i+1) * 7 * time.Hour).UTC().Format(outcome.TimeFormat),
		}).Entry())
	}
	work.Wait()
	select {
	case err := <-failed:
		return err
	default:
		if ctx.Err() != nil {
			return errors.New("interrupted: the directory is not complete")
		}
		return nil
	}
}
