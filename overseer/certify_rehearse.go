package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"wcme/acmecore"
	"wcme/acmecore/control"
)

// rehearse prints what would happen, were the certificate ordered now.
func (p *program) rehearse(ctx context.Context, request control.CertifyRequest) error {
	operations, release, err := p.actor(ctx, "certify --rehearse "+string(request.Names[0]))
	if err != nil {
		return err
	}
	defer release()
	progress := p.progress()
	if !p.asJSON {
		progress = nil // its steps are the findings, which are printed
	}
	rehearsal, err := operations.Rehearse(ctx, request, progress)
	if err != nil {
		return err
	}
	if err := p.print(rehearsal, func(w io.Writer) error { return writeRehearsal(w, rehearsal) }); err != nil || rehearsal.Ready {
		return err
	}
	return fmt.Errorf("rehearse %s: something was found that would make the order fail", rehearsal.ID)
}

func writeRehearsal(w io.Writer, r acmecore.Rehearsal) error {
	fmt.Fprintf(w, "certificate:  %s, %s\n", r.ID, newOrNot(r))
	fmt.Fprintf(w, "names:        %s\n", strings.Join(texts(r.Names), ", "))
	fmt.Fprintf(w, "CA:           %s\n", r.CA)
	fmt.Fprintf(w, "key:          %s\n", r.Key)
	fmt.Fprintf(w, "installed in: %s\n", orNone(strings.Join(r.Install, ", ")))
	fmt.Fprintf(w, "loaded by:    %s\n", orNone(strings.Join(r.Load, ", ")))
	var text strings.Builder
	for _, finding := range r.Findings {
		fmt.Fprintf(&text, "%s: %s: %s: %s\n", wordFor(finding), finding.What, finding.Subject, finding.Text)
		if finding.Try != "" {
			fmt.Fprintf(&text, "hint: %s\n", finding.Try)
		}
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// newOrNot says what would become of what is managed under the ID.
func newOrNot(r acmecore.Rehearsal) string {
	switch {
	case !r.Exists:
		return "which would be new"
	case r.Kept && r.Changes:
		return "whose record would be changed, while the certificate is kept"
	case r.Kept:
		return "which would stay as it is"
	case r.Changes:
		return "whose record would be changed, and which would be ordered anew"
	}
	return "which would be ordered anew"
}

func wordFor(finding acmecore.Rehearsed) string {
	switch {
	case finding.Wrong:
		return "error"
	case finding.Unknown:
		return "not known"
	}
	return "note"
}
