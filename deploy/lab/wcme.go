package lab

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Command returns `wcme VERB --root ROOT ARGS…`, not started, in an environment
// without the settings of another wCME.
func (p Programs) Command(ctx context.Context, root, verb string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, p.Wcme, append([]string{verb, "--root", root}, args...)...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(variable string) bool {
		return strings.HasPrefix(variable, "WCME_")
	})
	cmd.Env = append(cmd.Env, "WCME_OPCOM=none") // what happens in tests is nobody's log's business
	cmd.Env = append(cmd.Env, p.Clock.environment()...)
	return cmd
}

// Socket is where the overseer of a state directory listens.
func Socket(root string) string { return filepath.Join(root, "overseer.sock") }

// StartOverseer starts `wcme overseer` and returns when its socket answers. Its
// log is ROOT.log, beside the state directory.
func StartOverseer(ctx context.Context, programs Programs, root string) (*Process, error) {
	overseer, err := Start(root+".log", programs.Command(context.WithoutCancel(ctx), root, "overseer"))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	err = overseer.Await(ctx, func(ctx context.Context) error {
		conn, err := new(net.Dialer).DialContext(ctx, "unix", Socket(root))
		if err == nil {
			err = conn.Close()
		}
		return err
	})
	return stopUnless(overseer, err)
}
