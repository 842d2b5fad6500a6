package spread_test

import (
	"errors"
	"fmt"
	"testing"

	"wcme/acmecore/spread"
)

func TestSpreadDoesAllAndTellsInOrder(t *testing.T) {
	const n = 1000
	done := make([]int, n)
	err := spread.Over(n, func(i int) error {
		done[i]++
		if i%300 == 7 {
			return fmt.Errorf("number %d", i)
		}
		return nil
	})
	for i, times := range done {
		if times != 1 {
			t.Errorf("number %d was done %d times", i, times)
		}
	}
	want := errors.Join(errors.New("number 7"), errors.New("number 307"), errors.New("number 607"), errors.New("number 907"))
	if err == nil || err.Error() != want.Error() {
		t.Errorf("got %v, want %v", err, want)
	}
	if err := spread.Over(0, func(int) error { return errors.New("done") }); err != nil {
		t.Errorf("of nothing: %v", err)
	}
}
