package store_test

import (
	"os"
	"testing"
)

// TestAFileWithoutASizeIsReadToItsEnd: those of /proc say that they have none.
func TestAFileWithoutASizeIsReadToItsEnd(t *testing.T) {
	want, err := os.ReadFile("/proc/version")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := setUp(t).Template("/proc/version"); err != nil || got != string(want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}
