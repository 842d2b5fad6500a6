package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"time"
)

func printHead(w io.Writer) {
	fmt.Fprintf(w, "%d processors, %s. Ratios hold; figures are those of this machine at that moment.\n", runtime.NumCPU(), runtime.Version())
}

// printPasses writes what passes took, beside the first row.
func printPasses(w io.Writer, certificates int, rows []row) {
	fmt.Fprintf(w, "\n| %d certificates, nothing due | time | to the loop | processor time | to the loop | memory |\n|---|--:|--:|--:|--:|--:|\n", certificates)
	for _, r := range rows {
		fmt.Fprintf(w, "| %s | %s | %.1f | %s | %.1f | %s |\n", r.name, seconds(r.median(wall)), r.ratio(rows[0], wall),
			seconds(r.median(cpu)), r.ratio(rows[0], cpu), r.megabytes())
	}
}

// printOrders writes how fast certificates were issued, beside the first row.
func printOrders(w io.Writer, orders int, rows []row) {
	fmt.Fprintf(w, "\n| %d certificates due at once | certificates/s | to the loop | processor time | memory |\n|---|--:|--:|--:|--:|\n", orders)
	for _, r := range rows {
		fmt.Fprintf(w, "| %s | %.1f | %.1f | %s | %s |\n", r.name, float64(orders)/r.median(wall).Seconds(), 1/r.ratio(rows[0], wall),
			seconds(r.median(cpu)), r.megabytes())
	}
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

// megabytes is the most memory of all runs. What the system counts of a program is no
// less than what the bench itself has, which starts it.
func (r row) megabytes() string {
	own, err := used(os.Getpid())
	if most := r.memory(); err == nil && most <= own.memory {
		return fmt.Sprintf("< %.0f MB", float64(own.memory)/1e6)
	}
	return fmt.Sprintf("%.0f MB", float64(r.memory())/1e6)
}
