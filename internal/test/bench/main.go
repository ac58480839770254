// Command bench measures the built function beside one on the same SDK that does nothing, over the local
// runtime API, and against an OSS that takes 20 ms to answer:
//
//	make bench
//
// Every figure is a median over rounds in which both functions take turns, so that what else the machine
// does falls on both alike. Absolute times are this machine's; the ratios and the round trips count. The
// no-op function uses as many threads as Go takes by itself, the function as many as its instance has vCPUs.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"text/tabwriter"
)

func main() {
	function := flag.String("function", "target/main", "the built function")
	rounds := flag.Int("rounds", 15, "rounds of each measurement")
	flag.Parse()
	if err := run(context.Background(), os.Stdout, *function, *rounds); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, function string, rounds int) error {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory
	noop := filepath.Join(dir, "noop")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", noop, "./internal/test/bench/noop") //nolint:gosec // G204: as the function is built
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the no-op function: %w\n%s", err, said)
	}
	figures, err := overhead(ctx, function, noop, rounds)
	if err != nil {
		return err
	}
	more, err := storage(ctx, function, rounds)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s/%s, %d CPUs, %s, medians of %d rounds\n\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version(), rounds)
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\tfunction\tno-op\tratio\tgoal\t\t")
	for _, f := range append(figures, more...) {
		fmt.Fprintln(table, f.row())
	}
	return table.Flush()
}

// A figure is one row of the table: the measurements of the function in each round and, if comparable, those of the
// no-op function. The goal is for their ratio or, without a no-op, for the figure itself.
type figure struct {
	name        string
	unit        string // a format, as in "%.2f ms"
	ours, floor []float64
	goal        float64
	atLeast     bool // the goal is a minimum
}

func (f figure) row() string {
	judged, floor, ratio := median(f.ours), "", ""
	if f.floor != nil {
		ratios := make([]float64, len(f.ours))
		for i := range ratios { // of the same round, because the load of the machine changes between rounds
			ratios[i] = f.ours[i] / f.floor[i]
		}
		judged = median(ratios)
		floor, ratio = fmt.Sprintf(f.unit, median(f.floor)), fmt.Sprintf("%.2f", judged)
	}
	sign, missed := "≤", ""
	if f.atLeast {
		sign = "≥"
	}
	if f.atLeast && judged < f.goal || !f.atLeast && judged > f.goal {
		missed = "missed"
	}
	return fmt.Sprintf("%s\t"+f.unit+"\t%s\t%s\t%s %v\t%s\t", f.name, median(f.ours), floor, ratio, sign, f.goal, missed)
}

// median returns the median of values. If their number is even, it returns the lower one of the two in the middle.
func median(values []float64) float64 {
	return slices.Sorted(slices.Values(values))[(len(values)-1)/2]
}
