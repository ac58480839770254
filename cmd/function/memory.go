package main

import (
	"math"
	"os"
	"runtime/debug"
	"strconv"
)

// limitMemory tells the garbage collector how much memory the instance has. Without that it lets the heap
// grow to twice what is in use, so that a payload of some MB could have the instance killed with most of
// its memory being garbage: 32 MB of messages took 210 MB, and take 120 MB with it. A quarter is left for
// what the collector does not count. GOMEMLIMIT, where it is set, says it otherwise.
func limitMemory() {
	megabytes, err := strconv.Atoi(os.Getenv("FC_FUNCTION_MEMORY_SIZE"))
	if err != nil || megabytes <= 0 || megabytes > math.MaxInt32 || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	debug.SetMemoryLimit(int64(megabytes) << 20 / 4 * 3)
}
