// Command reconcile is the Function Compute function for the timer trigger; the build writes it to
// target/reconcile/main. It asks the producer which edits ended, and logs and records the edits without a callback.
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/aliyun/fc-runtime-go-sdk/fc"

	"github.com/vod-callback/recorder/internal/funclog"
	"github.com/vod-callback/recorder/internal/reconcile/settings"
	"github.com/vod-callback/recorder/internal/record"
	"github.com/vod-callback/recorder/internal/store"
)

func main() {
	cfg, err := settings.FromEnv(os.LookupEnv)
	if err != nil {
		fmt.Fprintln(os.Stderr, err) // one line for each invalid variable
		os.Exit(1)
	}
	s, err := store.Open(cfg.RecordTo, os.Getenv)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	f := &function{
		settings: cfg,
		store:    s,
		recorder: record.Open(cfg.RecordTo, os.Getenv),
		log:      funclog.New(os.Stdout, cfg.LogLevel, time.Now),
		now:      time.Now,
	}
	fc.Start(f.invoke)
}
