package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"wcme/acmecore"
	"wcme/acmecore/control"
)

func (p *program) checkChallengeVerb() *cobra.Command {
	var request control.ChallengeRequest
	verb := &cobra.Command{
		Use:   "challenge [NAME[,NAME…]]…",
		Short: "ask for a challenge as the CA would",
		Long: `Publishes a challenge of its own for each name, or for all managed names, and asks
for it as a CA would: at each of the name's addresses, on port 80, following the
redirects that a CA follows. An IP address is asked itself. It says what came back, what
arrived at the script, and what to try where something is wrong.

That is for names that are proved by http-01, by the files of www. Of a wildcard, and of
any other name that is proved by dns-01, by tls-alpn-01 or by a hook, it says which ways
there are, which one is tried first, and what is missing for the others.

The requests come from this host: a firewall, or another name server, may let the
Internet see something else. Nothing that is found out here keeps a certificate from
being ordered.

Exit status: 0 all answered rightly, 1 something is wrong.`,
		Example: "  wcme check challenge\n  wcme check challenge www.example.org --dns 9.9.9.9:53",
		RunE: func(verb *cobra.Command, args []string) (err error) {
			if request.Names, err = namesOf(args); err != nil {
				return err
			}
			return p.checkChallenge(verb.Context(), request)
		},
	}
	flags := verb.Flags()
	flags.StringVar(&request.DNS, "dns", "", "ask this name server, HOST:PORT, in place of what this host is set up for")
	flags.IntVar(&request.Port, "port", 0, "ask this port in place of 80, as where a router forwards 80 to it")
	return verb
}

// namesOf are the names of the arguments, none where there are none.
func namesOf(args []string) ([]acmecore.Name, error) {
	if len(args) == 0 {
		return nil, nil
	}
	names, _, err := acmecore.ParseNames(args...)
	return names, err
}

func (p *program) checkChallenge(ctx context.Context, request control.ChallengeRequest) error {
	operations, release, err := p.actor(ctx, "check challenge")
	if err != nil {
		return err
	}
	defer release()
	reaches, err := operations.CheckChallenge(ctx, request, p.progress())
	if err != nil {
		return err
	}
	if err := p.print(reaches, func(w io.Writer) error { return writeReaches(w, reaches) }); err != nil {
		return err
	}
	return judgeReaches(reaches)
}

// judgeReaches returns what the exit status tells.
func judgeReaches(reaches []acmecore.Reach) error {
	wrong := 0
	for _, reach := range reaches {
		if !reach.Answered {
			wrong++
		}
	}
	if wrong == 0 {
		return nil
	}
	return fmt.Errorf("challenges not answered rightly: those of %d of %d names", wrong, len(reaches))
}

func writeReaches(w io.Writer, reaches []acmecore.Reach) error {
	var text strings.Builder
	for _, reach := range reaches {
		fmt.Fprintf(&text, "%s: %s\n", reach.Name, outcomeOf(reach))
		writeFindings(&text, "  ", reach.Findings)
		if reach.Path == "" {
			writeWays(&text, reach.Ways)
		}
		for _, visit := range reach.Visits {
			fmt.Fprintf(&text, "  %s: %s\n", visit.Address, inWords(visit.Answered))
			writeVisit(&text, reach.Path, visit)
		}
	}
	_, err := io.WriteString(w, text.String())
	return err
}

func outcomeOf(reach acmecore.Reach) string {
	if reach.Answered && reach.Path == "" {
		return "proved in another way than by http-01"
	}
	return inWords(reach.Answered)
}

// writeWays writes a line for each way to prove a name, and for each that there is not.
func writeWays(text *strings.Builder, ways []acmecore.Way) {
	for _, way := range ways {
		fmt.Fprintf(text, "  %s: %s\n", way.Method, wayInWords(way))
		if way.Try != "" {
			fmt.Fprintf(text, "  hint: %s\n", way.Try)
		}
	}
}

func wayInWords(way acmecore.Way) string {
	if way.Problem != "" {
		return "not possible: " + way.Problem
	}
	words := []string{"possible"}
	if way.By != "" {
		words[0] += " by " + way.By
	}
	if way.Last {
		words = append(words, "it worked last")
	}
	if way.Failed {
		words = append(words, "it has failed since the certificate was last obtained")
	}
	return strings.Join(words, ", ")
}

func inWords(answered bool) string {
	if answered {
		return "answered rightly"
	}
	return "not answered rightly"
}

func writeVisit(text *strings.Builder, path string, v acmecore.Visit) {
	for _, hop := range v.Hops {
		fmt.Fprintf(text, "    asked:    %s at %s\n", hop.URL, hop.Address)
		if hop.Status != 0 {
			fmt.Fprintf(text, "    answer:   %s\n", answerOf(hop))
		}
	}
	if v.Received != nil {
		fmt.Fprintf(text, "    sent:     %s\n", path)
		fmt.Fprintf(text, "    received: %s, host %s, %s, from %s\n",
			orNone(v.Received.Path), orNone(v.Received.Host), orNone(v.Received.Protocol), orNone(v.Received.Address))
	}
	if v.Body != "" {
		fmt.Fprintf(text, "    body:     %q\n", v.Body)
	}
	writeFindings(text, "    ", v.Findings)
}

func answerOf(hop acmecore.Hop) string {
	answer := fmt.Sprintf("status %d", hop.Status)
	if hop.Server != "" {
		answer += " from " + hop.Server
	}
	if hop.Location != "" {
		answer += " to " + hop.Location
	}
	return answer
}

func writeFindings(text *strings.Builder, indent string, findings []acmecore.Finding) {
	for _, f := range findings {
		word := "note"
		if f.Wrong {
			word = "error"
		}
		fmt.Fprintf(text, "%s%s: %s\n", indent, word, f.Text)
		if f.Try != "" {
			fmt.Fprintf(text, "%shint: %s\n", indent, f.Try)
		}
	}
}
