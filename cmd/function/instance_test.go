package main_test

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"testing"
	"time"

	"github.com/vod-callback/recorder/internal/local/fclocal"
)

// TestInstanceIsFitted looks at how many threads Go uses, as GODEBUG=schedtrace tells: no more than the
// instance can have vCPUs, unless GOMAXPROCS says otherwise.
func TestInstanceIsFitted(t *testing.T) {
	t.Parallel()
	if os.Getenv("GOMAXPROCS") != "" {
		t.Skip("GOMAXPROCS hides what Go would take")
	}
	for _, tt := range []struct {
		env  []string
		want int
	}{
		{[]string{"FC_FUNCTION_MEMORY_SIZE=128"}, 1},
		{[]string{"FC_FUNCTION_MEMORY_SIZE=1024"}, 1},
		{[]string{"FC_FUNCTION_MEMORY_SIZE=1088"}, min(2, runtime.GOMAXPROCS(0))},
		{[]string{"FC_FUNCTION_MEMORY_SIZE="}, 1},
		{[]string{"FC_FUNCTION_MEMORY_SIZE=much"}, 1},
		{[]string{"GOMAXPROCS=3", "FC_FUNCTION_MEMORY_SIZE=128"}, 3},
	} {
		t.Run(fmt.Sprint(tt.env), func(t *testing.T) {
			t.Parallel()
			rt, log := start(t, fclocal.Options{}, append(tt.env, "GODEBUG=schedtrace=20")...)
			invoke(t, rt, []byte(`[]`))
			// What main does comes before the first invocation, and its end is in the log when the trace after it is.
			traced := regexp.MustCompile(`(?s)FC Invoke End.*?gomaxprocs=(\d+) `)
			for begin := time.Now(); ; <-time.After(5 * time.Millisecond) {
				if time.Since(begin) > time.Minute {
					t.Fatalf("no trace of the scheduler in the log: %.200q", log.String())
				}
				if found := traced.FindStringSubmatch(log.String()); found != nil {
					if found[1] != fmt.Sprint(tt.want) {
						t.Errorf("Go uses %s threads, want %d", found[1], tt.want)
					}
					return
				}
			}
		})
	}
}
