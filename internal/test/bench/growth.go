package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/local/sample"
)

// growth measures how time and memory grow with what is delivered. An exponent of 1 is linear.
func growth(ctx context.Context, out io.Writer, contestants []contestant, rounds int) error {
	lengths := []int{1, 10, 100, 1000, 10_000}
	if err := grow(ctx, out, contestants[1], rounds, "A batch by its length, recorded to the log", "messages", lengths, batchOf); err != nil {
		return err
	}
	sizes := []int{1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10}
	return grow(ctx, out, contestants[1], rounds, "A callback by the size of its body, recorded to the log", "bytes", sizes, bodyOf)
}

func batchOf(n int) ([]byte, error) { return batch(n), nil }

// bodyOf returns a signed callback whose body has about n bytes.
func bodyOf(n int) ([]byte, error) {
	const rest = 400
	return signedCallback(sample.Event{Status: events.Fail, ErrorMessage: strings.Repeat("why ", (n-rest)/4)})
}

func grow(ctx context.Context, out io.Writer, c contestant, rounds int, title, unit string, steps []int, payload func(int) ([]byte, error)) error {
	table := newTable(out, title, unit, "time", "each", "peak memory")
	times := make([]float64, len(steps))
	for i, n := range steps {
		p, err := payload(n)
		if err != nil {
			return err
		}
		t, memory, err := timeAndMemory(ctx, c, p, rounds)
		if err != nil {
			return err
		}
		times[i] = t.Seconds()
		row(table, n, millis(t), fmt.Sprintf("%.2f µs", 1e6*t.Seconds()/float64(n)), fmt.Sprintf("%.1f MB", float64(memory)/1e6))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	// What an invocation costs by itself bends the lower end: the exponent is that of the upper half.
	half := len(steps) / 2
	fmt.Fprintf(out, "time grows with the power %.2f of the %s (from %d on)\n", exponent(steps[half:], times[half:]), unit, steps[half])
	return nil
}

// timeAndMemory returns the median time of a delivery and the peak memory of a fresh instance after it.
func timeAndMemory(ctx context.Context, c contestant, payload []byte, rounds int) (time.Duration, int64, error) {
	rt, err := start(c)
	if err != nil {
		return 0, 0, err
	}
	defer rt.Close() //nolint:errcheck // it is killed
	if err := deliver(ctx, rt, payload); err != nil {
		return 0, 0, err
	}
	memory := peakMemory(rt.PID())
	times := make([]time.Duration, rounds)
	for i := range times {
		begin := time.Now()
		if err := deliver(ctx, rt, payload); err != nil {
			return 0, 0, err
		}
		times[i] = time.Since(begin)
	}
	return median(times), memory, nil
}

// exponent fits log y = a + b log x by least squares and returns b.
func exponent(x []int, y []float64) float64 {
	var n, sx, sy, sxx, sxy float64
	for i := range x {
		lx, ly := math.Log(float64(x[i])), math.Log(y[i])
		n, sx, sy, sxx, sxy = n+1, sx+lx, sy+ly, sxx+lx*lx, sxy+lx*ly
	}
	return (n*sxy - sx*sy) / (n*sxx - sx*sx)
}
