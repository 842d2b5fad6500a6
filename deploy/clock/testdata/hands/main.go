// Hands says what the clock is for a program: it answers each line of its input
// with one.
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"time"
)

func main() {
	start := time.Now()
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		switch lines.Text() {
		case "now":
			fmt.Println(time.Now().UTC().Format(time.RFC3339))
		case "since the start":
			fmt.Println(time.Since(start).Round(time.Hour))
		case "until what was an hour away":
			fmt.Println(time.Until(start.Round(0).Add(time.Hour)).Round(time.Hour))
		case "wait an hour":
			<-time.After(time.Hour)
			fmt.Println("waited")
		case "wait an hour anew":
			timer := time.NewTimer(time.Millisecond)
			<-timer.C
			timer.Reset(time.Hour)
			<-timer.C
			fmt.Println("waited")
		case "time limits of an hour":
			fmt.Println(limits())
		case "a deadline":
			fmt.Println(deadline())
		}
	}
}

// limits looks whether time limits end with a wait that is longer.
func limits() string {
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	fired := make(chan struct{})
	timer := time.AfterFunc(2*time.Hour, func() { close(fired) })
	timer.Reset(time.Hour)
	<-time.After(time.Hour)
	<-time.After(time.Hour)
	select {
	case <-ctx.Done():
		return "over"
	case <-fired:
		return "over"
	default:
		return "not over"
	}
}

// deadline reads from a pipe that nobody writes to.
func deadline() string {
	in, out, err := os.Pipe()
	if err != nil {
		return err.Error()
	}
	defer out.Close()
	defer in.Close()
	if err := in.SetReadDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
		return err.Error()
	}
	_, err = in.Read(make([]byte, 1))
	return err.Error()
}
