package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"wcme/acmecore"
)

// onePlain keeps the sign that performance data begin with out of a text.
func onePlain(text string) string { return strings.ReplaceAll(text, "|", "/") }

// writeStatus writes the line for monitoring, what is wrong, and the facts.
func writeStatus(w io.Writer, s acmecore.Status) error {
	complaints := s.Complaints()
	fmt.Fprintf(w, "WCME %s - %s | %s\n", strings.ToUpper(string(s.Health())), onePlain(headline(s, complaints)), performance(s))
	for _, c := range complaints {
		fmt.Fprintf(w, "%s: %s\n", c.Health, onePlain(hinted(c.Text, c.Hint)))
	}
	for _, a := range s.Attention {
		fmt.Fprintf(w, "%s: %s\n", a.ID, onePlain(attention(a)))
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, fact := range statusLines(s) {
		fmt.Fprintf(table, "%s\t%s\n", fact[0], onePlain(fact[1]))
	}
	return table.Flush()
}

// headline is what is wrong first, or how many certificates are well.
func headline(s acmecore.Status, complaints []acmecore.Complaint) string {
	managed := fmt.Sprintf("%d certificates", s.Managed)
	if s.Managed == 1 {
		managed = "1 certificate"
	}
	switch {
	case len(complaints) == 1:
		return managed + ", " + complaints[0].Text
	case len(complaints) > 1:
		return fmt.Sprintf("%s, %s, and %d more", managed, complaints[0].Text, len(complaints)-1)
	case s.Soonest.IsZero():
		return managed
	}
	return managed + ", the first expires at " + s.Soonest.UTC().Format(time.RFC3339)
}

// performance is the performance data: label=value;warn;crit;least.
func performance(s acmecore.Status) string {
	data := []string{fmt.Sprintf("certificates=%d;;;0", s.Managed)}
	for _, value := range []struct {
		label      string
		n          int
		thresholds string
	}{
		{"valid", s.States[acmecore.Valid], ";"}, {"due", s.States[acmecore.Due], ";"},
		{"expired", s.States[acmecore.Expired], ";0"}, {"missing", s.States[acmecore.Missing], ";0"}, {"unusable", s.States[acmecore.Unusable], ";0"},
		{"not_served", s.Services[acmecore.ServiceUnseen], ";0"}, {"attention", s.Attentive, "0;"},
		{"challenges_broken", s.Challenges.Broken, ";0"}, {"reports", s.Reports, ";"},
	} {
		data = append(data, fmt.Sprintf("%s=%d;%s;0", value.label, value.n, value.thresholds))
	}
	return strings.Join(data, " ")
}

// attention says what is so with a certificate that needs some.
func attention(a acmecore.Attentive) string {
	words := []string{string(a.State)}
	if a.Service != "" {
		words = append(words, string(a.Service))
	}
	text := strings.Join(words, ", ")
	if !a.NotAfter.IsZero() {
		text += ", ends at " + a.NotAfter.UTC().Format(time.RFC3339)
	}
	if a.Trouble != "" {
		text += ": " + hinted(a.Trouble, a.Hint)
	}
	return text
}

// statusLines are the facts, each with what it is about.
func statusLines(s acmecore.Status) [][2]string {
	lines := [][2]string{
		{"version", fmt.Sprintf("wcme %s, %s, commit %s", s.Version, s.Go, orDash(s.Commit))},
		{"state directory", s.Root},
	}
	if s.Overseer {
		lines = append(lines, [2]string{"overseer", fmt.Sprintf("process %d as %s, since %s", s.Process, s.User, date(s.Since))})
	} else {
		lines = append(lines, [2]string{"overseer", "does not answer; last sign of life " + date(s.Alive)})
	}
	lines = append(lines, [2]string{"passes", fmt.Sprintf("last %s, next %s", date(s.LastPass), date(s.NextPass))},
		[2]string{"challenges", challengeWords(s.Challenges)}, [2]string{"reports waiting", fmt.Sprint(s.Reports)})
	for _, a := range s.Authorities {
		words := "reached " + date(a.Reached)
		if a.Fails() {
			words += "; " + a.Problem
		}
		lines = append(lines, [2]string{"CA " + a.CA, words})
	}
	for _, d := range s.Disks {
		lines = append(lines, [2]string{"disk", spaceWords(d)})
	}
	return lines
}

// onDisk names a file system by the first of the directories in it.
func onDisk(paths []string) string {
	if len(paths) == 0 {
		return "-"
	}
	if more := len(paths) - 1; more > 0 {
		return fmt.Sprintf("%s and %d more", paths[0], more)
	}
	return paths[0]
}

func spaceWords(d acmecore.Disk) string {
	if d.Problem != "" {
		return onDisk(d.Paths) + ": " + d.Problem
	}
	return fmt.Sprintf("%s MB of %s MB left for %s", grouped(d.Free/1_000_000), grouped(d.Size/1_000_000), onDisk(d.Paths))
}

// grouped writes a number as people do: 10,000.
func grouped(n uint64) string {
	text := strconv.FormatUint(n, 10)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

func challengeWords(c acmecore.ChallengeStatus) string {
	switch {
	case c.Off:
		return "not asked for"
	case c.Looked.IsZero():
		return "not asked for yet"
	}
	return fmt.Sprintf("%d of %d names answered, %d broken, asked %s", c.Answered, c.Names, c.Broken, date(c.Looked))
}
