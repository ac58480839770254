// Package proc reads the memory and CPU use of a process from proc(5), for tests and measurements.
package proc

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// Usage returns the peak of a process's resident memory in bytes, and the CPU time that it has used, in
// whole ticks of 10 ms. It returns an error on a system without proc(5).
func Usage(pid int) (peak int64, cpu time.Duration, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, err
	}
	_, after, _ := bytes.Cut(status, []byte("VmHWM:"))
	line, _, _ := bytes.Cut(after, []byte("kB"))
	kilobytes, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 10, 64)
	if err != nil {
		return 0, 0, fmt.Errorf("VmHWM in /proc/%d/status: %w", pid, err)
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0, err
	}
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:]) // the state, field 3, and what follows
	const tick = 10 * time.Millisecond                              // USER_HZ is 100
	for _, field := range fields[11:13] {
		n, err := strconv.Atoi(string(field))
		if err != nil {
			return 0, 0, fmt.Errorf("/proc/%d/stat: %w", pid, err)
		}
		cpu += time.Duration(n) * tick
	}
	return kilobytes << 10, cpu, nil
}
