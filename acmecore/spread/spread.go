// Package spread does something for each of many certificates, some of them at a time.
package spread

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
)

// Over does something for each number below n, and returns what went wrong, in their
// order. Reading files, one waits for the system rather than for the processor, and has
// half of it idle on its own.
func Over(n int, do func(i int) error) error {
	problems := make([]error, n)
	var next atomic.Int64
	var all sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				problems[i] = do(i)
			}
		})
	}
	all.Wait()
	return errors.Join(problems...)
}
