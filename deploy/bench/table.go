package main

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"
)

// printTable writes the results as Markdown. "To C" is the ratio to the C program
// under the same server: of rates the median of the rounds, each of which has
// its own, and of latencies that of the medians.
func printTable(w io.Writer, servers []*server) {
	fmt.Fprintf(w, "%d processors, %s. Ratios hold; figures are those of this machine at that moment.\n\n", runtime.NumCPU(), runtime.Version())
	fmt.Fprintf(w, "| server | program | requests/s, %d connections | to C | p50, one connection | p90 | p50 to C |\n", connections)
	fmt.Fprintln(w, "|---|---|--:|--:|--:|--:|--:|")
	for _, s := range servers {
		for i, r := range s.results {
			fmt.Fprintf(w, "| %s | %s | %.0f | %.2f | %s | %s | %.1f |\n", s.name, s.programs[i].name,
				overall(r.rates), rateTo(r, s.results[0]),
				milliseconds(quantile(r.latencies, 0.5)), milliseconds(quantile(r.latencies, 0.9)),
				float64(quantile(r.latencies, 0.5))/float64(quantile(s.results[0].latencies, 0.5)))
		}
	}
}

func rateTo(r, base result) float64 {
	ratios := make([]float64, len(r.rates))
	for i := range ratios {
		ratios[i] = r.rates[i] / base.rates[i]
	}
	return quantile(ratios, 0.5)
}

// overall is the rate of all rounds together, which are equally many requests each.
func overall(rates []float64) float64 {
	seconds := 0.0
	for _, rate := range rates {
		seconds += 1 / rate
	}
	return float64(len(rates)) / seconds
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.2f ms", d.Seconds()*1000)
}

// wrongAnswers writes what each program answered wrongly: libfcgi, for one, ends
// kept connections while Apache sends on them. It is an error if ours did.
func wrongAnswers(w io.Writer, servers []*server) error {
	var wrong []error
	for _, s := range servers {
		for i, r := range s.results {
			if r.wrong == 0 {
				continue
			}
			err := fmt.Errorf("%s, %s: %d wrong answers, the first: %w", s.name, s.programs[i].name, r.wrong, r.first)
			if s.programs[i].name == ours {
				wrong = append(wrong, err)
				continue
			}
			fmt.Fprintf(w, "\n%v\n", err)
		}
	}
	return errors.Join(wrong...)
}
