package load_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"wcme/acmecore"
	"wcme/acmecore/load"
	"wcme/deploy/lab"
)

func TestRunTellsHowACommandEnded(t *testing.T) {
	for _, c := range []struct {
		name, shell string
		status      int
		problem     string
	}{
		{"well", "echo said", 0, ""},
		{"L01 with a status", "echo said; exit 3", 3, "it ended with status 3: said"},
		{"the end of much", "yes nonsense | head -n 1000; echo said >&2; exit 1", 1, "it ended with status 1: …"},
		{"L14 by a signal", "echo said; kill -SEGV $$", -1, "it was ended by the signal SIGSEGV: said"},
		{"L14 by another one", "kill -KILL $$", -1, "it was ended by the signal SIGKILL"},
		{"no such command", "wcme-no-such-command", 127, "it ended with status 127: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			result := run(t, load.Action{Name: "mail", Shell: c.shell})
			output(t, result)
			done := result.Commands[0]
			if done.Status != c.status || !strings.HasPrefix(result.Problem, c.problem) || (c.problem == "") != (result.Problem == "") {
				t.Errorf("got status %d and %q, want %d and %q", done.Status, result.Problem, c.status, c.problem)
			}
			if (result.Problem == "") != (done.Problem == "") || (result.Problem == "") != (result.Hint == "") {
				t.Errorf("the action has %q with the hint %q, its command %q", result.Problem, result.Hint, done.Problem)
			}
			if want := []string{"/bin/sh", "-c", c.shell}; !slices.Equal(done.Args, want) {
				t.Errorf("got the arguments %q, want %q", done.Args, want)
			}
		})
	}
}

func TestRunExecutesAListWithoutAShell(t *testing.T) {
	got := wellDone(t, load.Action{Name: "mail", Args: []string{"/bin/echo", "$HOME;id", "`id`"}})
	if want := "$HOME;id `id`"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRunReportsWhatCannotBeStarted(t *testing.T) {
	program := filepath.Join(place(t), "load")
	lab.WriteProgram(t, program, []byte("#!/no/such/interpreter\n"))
	result := run(t, load.Action{Name: "mail", Args: []string{program}})
	if want := "it could not be started: no such file or directory"; result.Problem != want {
		t.Errorf("got %q, want %q", result.Problem, want)
	}
}

// TestRunEndsTheGroupWhenTimeIsOver is L02 and L06.
func TestRunEndsTheGroupWhenTimeIsOver(t *testing.T) {
	// The limit and the grace of what has something to say leave it the time to.
	const short, long = 3 * time.Second, 15 * time.Second
	for _, c := range []struct {
		name, shell, said string
		limit, grace      time.Duration
	}{
		{"L02 it hangs", "echo said; sleep 1000", "said", long, short},
		{"L02 it hears SIGTERM", "trap 'echo asked; exit 0' TERM; sleep 1000 & wait", "asked", long, long},
		{"L02 it is deaf, and so are its children", "trap '' TERM; sleep 1000 & sleep 1000", "", short, short},
		{"L02 it has stopped", "kill -STOP $$", "", short, short},
		{"L02 it has gone, but its child says more for ever", "trap '' TERM; (while :; do sleep 0.01; done) & trap - TERM; sleep 1000", "", short, short},
		{"L06 it doubles and doubles", "bomb() { [ $1 = 0 ] || { bomb $(($1-1)) & bomb $(($1-1)) & }; sleep 1000; }; bomb 6", "", short, short},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			group := 0
			runner := load.Runner{Grace: c.grace, Note: func(running load.Running) error {
				group = max(group, running.PGID)
				return nil
			}}
			began := time.Now()
			result := runner.Run(t.Context(), load.Action{Name: "mail", Shell: c.shell, Timeout: c.limit}, batch())
			if took := time.Since(began); took < c.limit || took > c.limit+c.grace+time.Minute {
				t.Errorf("it took %v", took)
			}
			if !strings.HasPrefix(result.Problem, "it had not ended after ") || !strings.Contains(result.Hint, "timeout =") {
				t.Errorf("got %q with the hint %q", result.Problem, result.Hint)
			}
			if got := output(t, result); got != c.said {
				t.Errorf("it said %q, want %q", got, c.said)
			}
			if group == 0 {
				t.Fatal("nothing was noted")
			}
			await(t, "nothing is left of the group", func() bool { return members(t, group) == 0 })
		})
	}
}

// TestRunIsNotHeldByGrandchildren is L03: what holds the output is left alone, since
// it may be the very server that was to be restarted.
func TestRunIsNotHeldByGrandchildren(t *testing.T) {
	for _, c := range []struct{ name, shell string }{
		{"L03 a grandchild", "sleep 1000 & echo $!"},
		{"L03 a daemon", "setsid sh -c 'echo $$; : >$0; exec sleep 1000' HEARD & read x <HEARD; :"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			// The daemon says that it has spoken: its output is not read for long after the end.
			said := wellDone(t, load.Action{Name: "mail", Shell: strings.ReplaceAll(c.shell, "HEARD", fifo(t))})
			var pid int
			if _, err := fmt.Sscan(said, &pid); err != nil {
				t.Fatalf("it said %q: %v", said, err)
			}
			defer func() { _ = syscall.Kill(pid, syscall.SIGKILL) }()
			if !runs(pid) {
				t.Error("the daemon was ended")
			}
		})
	}
}

// TestRunKeepsTheBeginningAndTheEnd is L04.
func TestRunKeepsTheBeginningAndTheEnd(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got := wellDone(t, load.Action{Name: "L04 writes 500 MB", Timeout: 5 * time.Minute, Shell: "echo first; head -c 250000000 /dev/zero | tr '\\0' x; head -c 250000000 /dev/zero | tr '\\0' y >&2; echo; echo last"})
	runtime.ReadMemStats(&after)
	first, rest, _ := strings.Cut(got, "\n")
	if first != "first" || !strings.HasSuffix(rest, "y\nlast") {
		t.Errorf("it begins %.40q and ends %q", got, got[max(0, len(got)-40):])
	}
	if want := fmt.Sprintf("x\n… %d bytes left out …\ny", 500_000_000+len("first\n\nlast\n")-8192); !strings.Contains(got, want) {
		t.Errorf("the middle is not %q", want)
	}
	if len(got) > 8192+100 {
		t.Errorf("%d bytes were kept", len(got))
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 4<<20 {
		t.Errorf("%d bytes of memory were used", used)
	}
}

// TestRunShowsOutputInert is L09.
func TestRunShowsOutputInert(t *testing.T) {
	got := wellDone(t, load.Action{Name: "mail", Shell: `printf 'red \033[31m\r\n\tNUL \000 \377 end\n<script>\n\n  \342\200\256evil\n'`})
	want := "red ?[31m\n NUL ? ? end\n<script>\n\n  ?evil"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	result := run(t, load.Action{Name: "mail", Shell: "echo 'a\x1b[31mb'; exit 1"})
	if text := result.Problem + strings.Join(result.Commands[0].Args, ""); strings.Contains(text, "\x1b") {
		t.Errorf("an escape got through: %q", text)
	}
}

// TestRunHasNoInput is L08: neither the standard input that we have, nor a terminal.
func TestRunHasNoInput(t *testing.T) {
	theirs, ours, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	_, err = ours.WriteString("secret\n")
	if err := errors.Join(err, ours.Close()); err != nil {
		t.Fatal(err)
	}
	stdin := os.Stdin
	os.Stdin = theirs
	defer func() { os.Stdin = stdin }()

	hold, started := fifo(t), make(chan struct{})
	go release(t, hold, started)
	runner := load.Runner{Note: func(running load.Running) error {
		if running.PID == 0 {
			return nil
		}
		defer close(started)
		session, err := unix.Getsid(running.PID)
		if err != nil || session != running.PID {
			t.Errorf("the command is of the session %d, want its own, %d: %v", session, running.PID, err)
		}
		return err
	}}
	result := runner.Run(t.Context(), load.Action{Name: "L08", Shell: "read line; echo \"$? $line\"; (: </dev/tty) 2>/dev/null || echo no terminal; read x <" + hold}, batch())
	if got, want := output(t, result), "1 \nno terminal"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestRunHasAFixedEnvironment is L10.
func TestRunHasAFixedEnvironment(t *testing.T) {
	for _, name := range []string{"LD_PRELOAD", "LD_LIBRARY_PATH", "IFS", "PATH", "ENV", "WCME_SOCKET", "SECRET", "TMPDIR"} {
		t.Setenv(name, "/nonsense")
	}
	home, err := userHome()
	if err != nil {
		t.Fatal(err)
	}
	leaked, err := syscall.Open("/dev/null", syscall.O_RDONLY, 0) // as a careless parent leaves a file open
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(leaked)
	mask := syscall.Umask(0o077)
	defer syscall.Umask(mask)
	got := strings.Split(wellDone(t, load.Action{Name: "mail", Args: []string{"/usr/bin/env"}}), "\n")
	slices.Sort(got)
	word := slices.IndexFunc(got, func(line string) bool { return len(line) > len("WCME_RUN=")+20 && strings.HasPrefix(line, "WCME_RUN=") })
	if word < 0 {
		t.Fatalf("no word in %q", got)
	}
	got = slices.Delete(got, word, word+1)
	want := []string{
		"/etc/nginx/b.pem", // the second line of WCME_CHANGED_FILES
		"HOME=" + home, "LANG=C.UTF-8", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"WCME_CERTIFICATES=a_example b_example", "WCME_CHANGED_FILES=/etc/nginx/fullchain a.pem", "WCME_NAMES=a.example b.example",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%q, want\n%q", got, want)
	}
	if got := wellDone(t, load.Action{Name: "mail", Shell: "pwd; umask; ls /proc/self/fd | wc -l"}); got != "/\n0022\n4" {
		t.Errorf("got %q for the directory, the umask and the open files, want %q", got, "/\n0022\n4") // 4: the one that ls reads
	}
	if now := syscall.Umask(0o077); now != 0o077 {
		t.Errorf("our own umask became %#o", now)
	}
}

func TestEnvironmentIsBounded(t *testing.T) {
	var large load.Batch
	for n := range 20_000 {
		large.Names = append(large.Names, acmecore.Name(fmt.Sprintf("host%d.example", n)))
		large.Certificates = append(large.Certificates, acmecore.ID(fmt.Sprintf("host%d_example", n)))
		large.ChangedFiles = append(large.ChangedFiles, fmt.Sprintf("/etc/certificates/host%d.pem", n))
	}
	odd := batch()
	odd.ChangedFiles = append(odd.ChangedFiles, "/etc/two\nlines", "/etc/last")
	for _, c := range []struct {
		name  string
		batch load.Batch
		last  string // of WCME_CHANGED_FILES
		cut   bool
	}{
		{"two", batch(), "/etc/nginx/b.pem", false},
		{"none", load.Batch{}, "", false},
		{"20,000", large, "", true},
		{"a path of two lines", odd, "/etc/last", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			size, cut, files := 0, false, ""
			for _, entry := range load.Environment(c.batch, "/root") {
				size += len(entry) + 1
				cut = cut || entry == "WCME_TRUNCATED=1"
				if value, is := strings.CutPrefix(entry, "WCME_CHANGED_FILES="); is {
					files = value
				}
			}
			if size > 100_000 || cut != c.cut {
				t.Errorf("got %d bytes, cut: %v; want at most 100,000, and %v", size, cut, c.cut)
			}
			lines := strings.Split(files, "\n")
			if last := lines[len(lines)-1]; c.last != "" && last != c.last {
				t.Errorf("the last file is %q, want %q", last, c.last)
			}
			for _, line := range lines {
				if line != "" && !slices.Contains(c.batch.ChangedFiles, line) {
					t.Errorf("a file was cut in two: %q", line)
				}
			}
		})
	}
	result := new(load.Runner).Run(t.Context(), load.Action{Name: "mail", Shell: "echo $WCME_TRUNCATED"}, large)
	if got := output(t, result); got != "1" {
		t.Errorf("with 20,000 names the command says %q", got)
	}
}

// TestRunStopsWithItsContext is L13: the overseer is to end.
func TestRunStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ready := fifo(t)
	go func() { // the command says that its trap is set
		if _, err := os.ReadFile(ready); err != nil {
			t.Error(err)
		}
		cancel()
	}()
	result := (&load.Runner{Grace: time.Minute}).Run(ctx, load.Action{Name: "L13", Shell: "trap 'echo asked; exit 0' TERM; echo >" + ready + "; sleep 1000 & wait"}, batch())
	if want := "it was ended, because wcme itself is to end: asked"; result.Problem != want {
		t.Errorf("got %q, want %q", result.Problem, want)
	}
	result = new(load.Runner).Run(ctx, load.Action{Name: "L13", Shell: "echo said"}, batch())
	if result.Problem == "" || output(t, result) != "" {
		t.Errorf("a command was started after the end: %+v", result)
	}
}

// TestRunLeavesTheOverseersGroup is L13 too: Ctrl-C goes to the terminal's group.
func TestRunLeavesTheOverseersGroup(t *testing.T) {
	var noted []load.Running
	runner := load.Runner{Note: func(running load.Running) error { noted = append(noted, running); return nil }}
	result := runner.Run(t.Context(), load.Action{Name: "L13", Shell: "echo $$"}, batch())
	if len(noted) != 3 || noted[0].PID != 0 || noted[0].Word != noted[1].Word || noted[2] != (load.Running{}) {
		t.Fatalf("noted: %+v", noted)
	}
	first := noted[1]
	if first.PGID != first.PID || first.PGID == syscall.Getpgrp() || first.StartTime == 0 || first.Boot == "" || first.Action != "L13" {
		t.Errorf("noted: %+v, while we are of the group %d", first, syscall.Getpgrp())
	}
	if got := output(t, result); got != fmt.Sprint(first.PID) {
		t.Errorf("the command is process %s, and %d was noted", got, first.PID)
	}
}

// TestRunWaitsForTheSlow is L15: a command that takes nearly all of its time.
func TestRunWaitsForTheSlow(t *testing.T) {
	hold, started := fifo(t), make(chan struct{})
	go release(t, hold, started)
	runner := load.Runner{Note: func(running load.Running) error {
		if running.PID != 0 {
			close(started)
		}
		return nil
	}}
	result := runner.Run(t.Context(), load.Action{Name: "L15", Shell: "read x <" + hold + "; echo well", Timeout: 59 * time.Second}, batch())
	if got := output(t, result); got != "well" || result.Problem != "" {
		t.Errorf("got %q and %q", got, result.Problem)
	}
}

func TestRunGoesOnWhenItCannotBeNoted(t *testing.T) {
	var steps []string
	runner := load.Runner{
		Note: func(load.Running) error { return errors.New("the disk is full") },
		Step: func(step acmecore.Step) { steps = append(steps, step.Stage+" "+step.Subject+" "+step.Text) },
	}
	result := runner.Run(t.Context(), load.Action{Name: "mail", Shell: "echo well"}, batch())
	if result.Problem != "" || output(t, result) != "well" {
		t.Errorf("got %+v", result)
	}
	const lost = "load mail which process runs could not be noted: the disk is full"
	want := []string{"load mail runs /bin/sh -c echo well", lost, lost, lost}
	if len(steps) != 5 || !slices.Equal(steps[:4], want) || !strings.HasPrefix(steps[4], "load mail ended well after ") {
		t.Errorf("got the steps %q", steps)
	}
}

func TestRightsRunAsAnotherUser(t *testing.T) {
	name, uid, gid := nobody(t)
	got := wellDone(t, load.Action{Name: "mail", Shell: "id -u; id -G; echo $HOME; id -u -r", User: name})
	if want := fmt.Sprintf("%d\n%d\n/nonexistent\n%d", uid, gid, uid); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
