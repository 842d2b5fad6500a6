package main

import (
	"fmt"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"
)

// monotonic is the line by which systemd tells an answer to its own SIGHUP from
// one to an earlier one; "" where the clock does not say.
func monotonic() string {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return ""
	}
	return fmt.Sprintf("\nMONOTONIC_USEC=%d", now.Nano()/1000)
}

// sendState tells systemd, where it listens.
func sendState(state string) error {
	_, err := daemon.SdNotify(false, state)
	return err
}

// watchdogInterval is how often systemd wants to hear; 0 is never.
func watchdogInterval() (time.Duration, error) { return daemon.SdWatchdogEnabled(false) }
