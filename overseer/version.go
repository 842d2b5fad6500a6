package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// The linker sets these two.
var (
	version = "dev"
	commit  = "" // the revision that the program was built from
)

func (p *program) versionVerb() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "print the version of wCME, of Go, and the commit",
		Args:  exactly(0, "none is"),
		RunE: func(*cobra.Command, []string) error {
			facts := map[string]string{"version": version, "go": runtime.Version(), "commit": revision()}
			return p.print(facts, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "wcme %s, %s, commit %s\n", facts["version"], facts["go"], facts["commit"])
				return err
			})
		},
	}
}

// revision returns the commit that the program was built from; what `go build`
// noted of it where the linker was not told.
func revision() string {
	if commit != "" {
		return commit
	}
	info, _ := debug.ReadBuildInfo()
	if info == nil {
		return "unknown"
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			return setting.Value
		}
	}
	return "unknown"
}
