package query

import (
	"context"
	"iter"
	"sync"
)

// ordered yields f of each value of in, in the order of in. At most ahead calls of f run, or have a result that
// waits, at the same time. When ordered returns, no call of f is running. It stops early when ctx ends.
func ordered[In, Out any](ctx context.Context, in iter.Seq[In], ahead int, f func(context.Context, In) Out) iter.Seq[Out] {
	return func(yield func(Out) bool) {
		ctx, cancel := context.WithCancel(ctx)
		var work sync.WaitGroup
		defer work.Wait()
		defer cancel()
		slots := make(chan struct{}, ahead)
		promises := make(chan chan Out, ahead)
		work.Go(func() {
			defer close(promises)
			for v := range in {
				select {
				case slots <- struct{}{}:
				case <-ctx.Done():
					return
				}
				promise := make(chan Out, 1)
				work.Go(func() { promise <- f(ctx, v) })
				promises <- promise // never blocks: the buffer has as many places as there are slots
			}
		})
		for promise := range promises {
			if !yield(<-promise) {
				return
			}
			<-slots
		}
	}
}
