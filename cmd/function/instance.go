package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
)

// fitInstance tells Go how large the instance is, which it cannot see by itself. Where GOMEMLIMIT or
// GOMAXPROCS says it otherwise, that counts.
//
// Without a limit the heap grows to twice what is in use, and the platform may kill the instance for its garbage.
// A quarter is left for what the garbage collector does not count.
//
// An instance of go1 has one invocation at a time, and at most one vCPU for each GB of its memory. Go takes at
// least two threads, whatever the share of a CPU is, and with two each invocation wakes the other several times.
// Source: https://www.alibabacloud.com/help/en/functioncompute/fc-3-0/product-overview/instance-types-and-usage-modes
func fitInstance() {
	megabytes, err := strconv.Atoi(os.Getenv("FC_FUNCTION_MEMORY_SIZE"))
	if err != nil {
		megabytes = 0 // unknown
	}
	if megabytes > 0 && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(megabytes) << 20 / 4 * 3)
	}
	if vCPUs := max(1, (megabytes+1023)/1024); os.Getenv("GOMAXPROCS") == "" && vCPUs < runtime.GOMAXPROCS(0) {
		runtime.GOMAXPROCS(vCPUs)
	}
}
