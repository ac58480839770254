// Command bench measures the built function beside a function that does nothing (the floor), and beside
// one that is written the plain way, all in one run:
//
//	make bench
//
// Every figure is the median over rounds in which the contestants take turns, so that what else the
// machine does falls on all of them alike. Absolute times are this machine's; the ratios are the point.
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
	"time"
)

func main() {
	function := flag.String("function", "target/main", "the built function")
	node := flag.Bool("node", false, "also measure a function for Node.js (node must be installed)")
	rounds := flag.Int("rounds", 7, "rounds of each measurement")
	flag.Parse()
	if err := run(context.Background(), os.Stdout, *function, *node, *rounds); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// A contestant is one function.
type contestant struct {
	name string
	path string
	env  []string
}

func run(ctx context.Context, out io.Writer, function string, node bool, rounds int) error {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory
	contestants, err := build(dir, function, node)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s/%s, %d CPUs, %s, %d rounds\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version(), rounds)
	for _, part := range []func(context.Context, io.Writer, []contestant, int) error{overhead, inside, storage, growth} {
		if err := part(ctx, out, contestants, rounds); err != nil {
			return err
		}
	}
	return nil
}

// build compiles the contestants as the function is compiled. The first is the floor, the second ours.
func build(dir, function string, node bool) ([]contestant, error) {
	noop := filepath.Join(dir, "noop")
	contestants := []contestant{
		{name: "no-op", path: noop},
		{name: "this function", path: function},
		{name: "no-op, 1 thread", path: noop, env: []string{"GOMAXPROCS=1"}}, // as ours fits itself to its instance
		{name: "plain Go", path: filepath.Join(dir, "plain")},
	}
	for _, name := range []string{"noop", "plain"} {
		cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", filepath.Join(dir, name), "./internal/test/bench/"+name) //nolint:gosec // G204: constants
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if text, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("build %s: %w\n%s", name, err, text)
		}
	}
	if node {
		contestants = append(contestants, contestant{name: "Node.js", path: "internal/test/bench/node/main.mjs"})
	}
	return contestants, nil
}

// median returns the middle of values, of an even number the lower one.
func median[T time.Duration | float64](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[(len(sorted)-1)/2]
}

// newTable returns a table with a heading; the caller flushes it.
func newTable(out io.Writer, title string, columns ...any) *tabwriter.Writer {
	fmt.Fprintf(out, "\n%s\n", title)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	row(table, columns...)
	return table
}

func row(table io.Writer, cells ...any) {
	for _, cell := range cells {
		fmt.Fprintf(table, "%v\t", cell)
	}
	fmt.Fprintln(table)
}

func millis(d time.Duration) string {
	return fmt.Sprintf("%.2f ms", float64(d.Microseconds())/1000)
}
