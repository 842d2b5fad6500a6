package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"

	"github.com/spf13/cobra"

	"wcme/acmecore"
	"wcme/acmecore/config"
	"wcme/acmecore/control"
	"wcme/acmecore/store"
)

// acts marks the verbs that change the state directory.
const acts = "acts"

func marked(verb *cobra.Command) *cobra.Command {
	verb.Annotations = map[string]string{acts: ""}
	return verb
}

// ended is the end of a verb that was run as another user, who has said everything.
type ended struct{ status int }

func (e *ended) Error() string { return fmt.Sprintf("exit status %d", e.status) }

// prepare is what comes before every verb.
func (p *program) prepare(verb *cobra.Command, args []string) error {
	if err := p.checkFlags(verb, args); err != nil {
		return err
	}
	return p.asOwner(verb)
}

// asOwner runs a verb that acts as the user that the state directory belongs to,
// where root has started it and no overseer runs that could do it. Whoever owns a
// directory can put a link anywhere in it, and root would write through that link.
func (p *program) asOwner(verb *cobra.Command) error {
	if _, found := verb.Annotations[acts]; !found || os.Geteuid() != 0 || control.NewClient(p.socket()).Answers() {
		return nil
	}
	root, err := p.open()
	if err != nil {
		return nil // the verb says so itself
	}
	owner, err := root.OwnerID()
	if err != nil || owner == 0 {
		return nil
	}
	return p.runAs(verb.Context(), owner, listens(root))
}

// listens tells whether the configuration has wCME answer challenges itself. One
// that cannot be read has the verb say so.
func listens(root *store.Root) bool {
	path, text, err := root.Configuration()
	if err != nil {
		return false
	}
	c, err := config.Parse(path, text)
	return err == nil && len(c.Challenge.Listen.Addresses()) > 0
}

// runAs runs the same command line as that user, with the right to low ports where
// that is needed to answer challenges.
func (p *program) runAs(ctx context.Context, uid int, lowPorts bool) error {
	credential, err := credentialOf(uid)
	if err != nil {
		return notAs(uid, err)
	}
	own, err := os.Executable()
	if err != nil {
		return notAs(uid, err)
	}
	cmd := exec.CommandContext(ctx, own, p.args...)
	cmd.Args[0] = os.Args[0]
	cmd.Stdin, cmd.Stdout, cmd.Stderr = p.stdin, p.stdout, p.stderr
	cmd.SysProcAttr = attributesOf(credential, lowPorts)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	err = cmd.Run()
	if cmd.ProcessState == nil {
		return notAs(uid, err)
	}
	if status := cmd.ProcessState.ExitCode(); status >= 0 {
		return &ended{status: status}
	}
	return &ended{status: exitFailed} // by a signal
}

func credentialOf(uid int) (*syscall.Credential, error) {
	found, err := user.LookupId(strconv.Itoa(uid))
	if err != nil {
		return nil, err
	}
	account, err := accountOf(found)
	credential := &syscall.Credential{Uid: uint32(account.uid), Gid: uint32(account.gid)}
	for _, gid := range account.groups {
		credential.Groups = append(credential.Groups, uint32(gid))
	}
	return credential, err
}

func notAs(uid int, cause error) error {
	return &acmecore.Error{Kind: acmecore.Denied, Op: "run as the owner of the state directory, user", Subject: strconv.Itoa(uid),
		Cause: cause, Hint: "start the overseer, which then does it, or run wcme as that user, from where that user can"}
}

// isEnded tells whether another process has done everything, and its exit status.
func isEnded(err error) (status int, found bool) {
	var e *ended
	if !errors.As(err, &e) {
		return 0, false
	}
	return e.status, true
}
