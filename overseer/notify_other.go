//go:build !linux

package main

import "time"

// There is no systemd here.

func monotonic() string { return "" }

func sendState(string) error { return nil }

func watchdogInterval() (time.Duration, error) { return 0, nil }
