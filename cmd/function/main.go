// Command function is the Function Compute function; the build writes it to target/main. It connects
// configuration, recorder and handler, and starts the runtime.
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/aliyun/fc-runtime-go-sdk/fc"

	"github.com/vod-callback/recorder/handler"
	"github.com/vod-callback/recorder/internal/callback"
	"github.com/vod-callback/recorder/internal/config"
	"github.com/vod-callback/recorder/internal/funclog"
	"github.com/vod-callback/recorder/internal/record"
)

func main() {
	cfg, err := config.FromEnv(os.LookupEnv)
	if err != nil {
		fmt.Fprintln(os.Stderr, err) // one line for each invalid variable
		os.Exit(1)
	}
	fitInstance()
	h := &handler.Handler{
		Recorder:     record.Open(cfg.RecordTo, os.Getenv),
		Log:          funclog.New(os.Stdout, cfg.LogLevel, time.Now),
		Events:       cfg.RecordEvents,
		Timeout:      cfg.RecordTimeout,
		Authenticate: cfg.CallbackAuth,
		Verifier:     callback.Verifier{Keys: cfg.CallbackKeys, MaxAge: cfg.CallbackMax},
		CallbackURLs: cfg.CallbackURLs,
		Now:          time.Now,
	}
	// A func, because fc.StartHandler fails every invocation of a struct. []byte in, because a STREAM
	// message may not be JSON; json.RawMessage out, because []byte would be sent as a Base64 string.
	fc.Start(h.Invoke)
}
