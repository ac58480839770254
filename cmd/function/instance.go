package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
)

// fitInstance sets Go's memory limit and number of threads to the size of the instance, because Go cannot detect
// it. GOMEMLIMIT and GOMAXPROCS take precedence.
//
// Without a limit the heap grows to twice the memory in use, and the platform may kill the instance for its
// garbage. A quarter of the memory remains for what the garbage collector does not count.
//
// A go1 instance runs one invocation at a time and has at most one vCPU for each GB of memory. Go uses at least
// two threads for any share of a vCPU, and with two threads each invocation wakes the other one several times.
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
