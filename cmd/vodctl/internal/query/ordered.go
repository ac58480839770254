package query

import (
	"context"
	"iter"
	"sync"
)

// ordered yields f of each value of in, in in's order. Up to ahead of them are worked on, or wait to be
// taken, at any time. Once it returns nothing of it goes on. It ends early with ctx, with in's later values
// left out.
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
				promises <- promise // has room: there are as many places as slots
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
