package main

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
)

// fitInstance tells Go how large the instance is, which it cannot see by itself. Where GOMEMLIMIT or
// GOMAXPROCS says it otherwise, that counts.
func fitInstance() {
	megabytes, err := strconv.Atoi(os.Getenv("FC_FUNCTION_MEMORY_SIZE"))
	if err != nil || megabytes <= 0 || megabytes > math.MaxInt32 {
		megabytes = 0 // unknown
	}
	limitMemory(megabytes)
	limitThreads(megabytes)
}

// limitMemory tells the garbage collector how much memory the instance has. Without that it lets the heap
// grow to twice what is in use, so that a payload of some MB could have the instance killed with most of
// its memory being garbage: 32 MB of messages took 210 MB, and take 120 MB with it. A quarter is left for
// what the collector does not count.
func limitMemory(megabytes int) {
	if megabytes > 0 && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(megabytes) << 20 / 4 * 3)
	}
}

// limitThreads lets as many threads run Go code as the instance can have vCPUs: at most one for each GB
// of its memory, and one where that is unknown, since an instance of go1 has one invocation at a time and
// only a batch could use more. Go takes at least two, whatever the share of a CPU is, and with two each
// invocation has one wake the other several times over: a quarter of its time, and four tenths of the CPU's.
// Source: https://www.alibabacloud.com/help/en/functioncompute/fc-3-0/product-overview/instance-types-and-usage-modes
func limitThreads(megabytes int) {
	vCPUs := max(1, (megabytes+1023)/1024)
	if os.Getenv("GOMAXPROCS") == "" && vCPUs < runtime.GOMAXPROCS(0) {
		runtime.GOMAXPROCS(vCPUs)
	}
}
