package report

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"syscall"
	"time"

	"wcme/acmecore"
)

const (
	defaultSendmail = "/usr/sbin/sendmail"
	maxOutput       = 4 << 10 // bytes of what sendmail says that are kept
	pipeTime        = 2 * time.Second
)

// sendmail hands a mail to the local mail system, whose program it runs without a
// shell, in a process group that ends as a whole when ctx does.
func sendmail(ctx context.Context, m Mail, l letter, note func(string)) error {
	path := m.Sendmail
	if path == "" {
		path = defaultSendmail
	}
	output := &capped{left: maxOutput}
	cmd := exec.CommandContext(ctx, path, "-i", "-f", l.from, "--", l.to)
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C", "HOME=/"}
	cmd.Dir = "/"
	cmd.Stdin = bytes.NewReader(bytes.ReplaceAll(l.text, []byte("\r\n"), []byte("\n")))
	cmd.Stdout, cmd.Stderr = output, output
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = pipeTime
	err := cmd.Run()
	if err == nil || errors.Is(err, exec.ErrWaitDelay) {
		note(fmt.Sprintf("%s has taken the mail for %s", path, l.to))
		return nil
	}
	if ctx.Err() != nil {
		err = fmt.Errorf("no end after %s", mailTime)
	}
	return &acmecore.Error{Kind: kindOfExit(err), Op: "send mail by", Subject: path, Hint: hintOfExit(err), Cause: withOutput(err, output)}
}

// kindOfExit says who must act, by the exit status that sysexits.h gives a meaning:
// Refused and Limited are about this mail, all else is about the program.
func kindOfExit(err error) acmecore.Kind {
	const (
		usage       = 64
		dataErr     = 65
		noUser      = 67
		noHost      = 68
		unavailable = 69
		noPerm      = 77
	)
	exit := (*exec.ExitError)(nil)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return acmecore.NotFound
	case errors.Is(err, fs.ErrPermission):
		return acmecore.Denied
	case !errors.As(err, &exit):
		return acmecore.Limited
	}
	switch exit.ExitCode() {
	case usage, dataErr, noUser, noHost, unavailable, noPerm:
		return acmecore.Refused
	}
	return acmecore.Limited
}

func hintOfExit(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "install a mail system that has sendmail, or name a server in [report] for SMTP"
	case errors.Is(err, fs.ErrPermission):
		return "may the overseer's user run it?"
	}
	return "what does the mail system's own log say?"
}

// withOutput adds what the program said.
func withOutput(err error, output *capped) error {
	if text := acmecore.Inert(output.text.String()); text != "" {
		return fmt.Errorf("%w: %s", err, text)
	}
	return err
}

// capped keeps the beginning of what is written to it.
type capped struct {
	text bytes.Buffer
	left int
}

// Write takes everything, so that the writer is never held up.
func (c *capped) Write(p []byte) (int, error) {
	kept := min(len(p), c.left)
	c.left -= kept
	c.text.Write(p[:kept])
	return len(p), nil
}
