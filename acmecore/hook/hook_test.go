package hook_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/hook"
	"wcme/deploy/lab"
)

const (
	token = acmecore.Token("evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA") // of RFC 8555 section 8.3
	proof = string(token) + ".9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI"
)

// digest is the SHA-256 of proof in base64url, as openssl makes it.
const digest = "lCM7cZyQXcVHK2nnW3jjAhNT3Fvm18UN-kWZZknKoYM"

func challenge(method acmecore.Method, name acmecore.Name) hook.Challenge {
	return hook.Challenge{Method: method, Name: name, Token: token, KeyAuthorization: proof}
}

// recorder writes what it gets to a file, and ends as it is told to.
const recorder = `#!/bin/sh
{
  printf 'argument %s\n' "$@"
  pwd
  umask
  read line || echo no input
  env | sort
} >>"$RECORD"
echo "called with $*"
echo "the secret $SECRET" >&2
exit "${STATUS:-0}"
`

// place is a directory that every user can enter, and only ours can change.
func place(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := errors.Join(os.Chmod(filepath.Dir(dir), 0o755), os.Chmod(dir, 0o755)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// program writes a script, and returns a hook that is it.
func program(t *testing.T, protocol hook.Protocol, text string) hook.Hook {
	t.Helper()
	path := filepath.Join(place(t), "program")
	lab.WriteProgram(t, path, []byte(text))
	return hook.Hook{Name: "test", Protocol: protocol, Args: []string{path}, Env: map[string]string{"RECORD": path + ".record", "SECRET": "h$sh 'hush'"}}
}

// recorded is what recorder wrote, and takes it away.
func recorded(t *testing.T, h hook.Hook) []string {
	t.Helper()
	text, err := os.ReadFile(h.Env["RECORD"])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(h.Env["RECORD"]); err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// arguments are those of a record.
func arguments(lines []string) string {
	var found []string
	for _, line := range lines {
		if argument, is := strings.CutPrefix(line, "argument "); is {
			found = append(found, argument)
		}
	}
	return strings.Join(found, " ")
}

// telling is a runner whose steps are kept.
func telling() (*hook.Runner, *[]string) {
	var steps []string
	return &hook.Runner{Grace: 200 * time.Millisecond, Step: func(step acmecore.Step) {
		steps = append(steps, step.Stage+" "+step.Subject+" "+step.Text)
	}}, &steps
}

func TestProtocolsCallTheirWords(t *testing.T) {
	for _, c := range []struct {
		name             string
		protocol         hook.Protocol
		challenge        hook.Challenge
		more             []string // first arguments
		mode             string   // EXEC_MODE
		begin, good, bad string
	}{
		{"uacme http-01", hook.UACME, challenge(acmecore.HTTP01, "www.example.org"), nil, "",
			"begin http-01 www.example.org TOKEN PROOF", "done http-01 www.example.org TOKEN PROOF", "failed http-01 www.example.org TOKEN PROOF"},
		{"uacme http-01 of an address", hook.UACME, challenge(acmecore.HTTP01, "2001:db8::1"), nil, "",
			"begin http-01 2001:db8::1 TOKEN PROOF", "done http-01 2001:db8::1 TOKEN PROOF", "failed http-01 2001:db8::1 TOKEN PROOF"},
		{"uacme dns-01 of a wildcard", hook.UACME, challenge(acmecore.DNS01, "*.example.org"), []string{"-x", "a b"}, "",
			"-x a b begin dns-01 example.org TOKEN DIGEST", "-x a b done dns-01 example.org TOKEN DIGEST", "-x a b failed dns-01 example.org TOKEN DIGEST"},
		{"uacme tls-alpn-01", hook.UACME, challenge(acmecore.TLSALPN01, "example.org"), nil, "",
			"begin tls-alpn-01 example.org TOKEN DIGEST", "done tls-alpn-01 example.org TOKEN DIGEST", "failed tls-alpn-01 example.org TOKEN DIGEST"},
		{"dehydrated http-01", hook.Dehydrated, challenge(acmecore.HTTP01, "example.org"), nil, "",
			"deploy_challenge example.org TOKEN PROOF", "clean_challenge example.org TOKEN PROOF", "clean_challenge example.org TOKEN PROOF"},
		{"dehydrated dns-01 of a wildcard", hook.Dehydrated, challenge(acmecore.DNS01, "*.example.org"), nil, "",
			"deploy_challenge example.org TOKEN DIGEST", "clean_challenge example.org TOKEN DIGEST", "clean_challenge example.org TOKEN DIGEST"},
		{"lego", hook.Lego, challenge(acmecore.DNS01, "*.example.org"), nil, "",
			"present _acme-challenge.example.org. DIGEST", "cleanup _acme-challenge.example.org. DIGEST", "cleanup _acme-challenge.example.org. DIGEST"},
		{"lego raw", hook.Lego, challenge(acmecore.DNS01, "*.example.org"), nil, "RAW",
			"present -- example.org TOKEN PROOF", "cleanup -- example.org TOKEN PROOF", "cleanup -- example.org TOKEN PROOF"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := program(t, c.protocol, recorder)
			h.Args = append(h.Args, c.more...)
			if c.mode != "" {
				h.Env["EXEC_MODE"] = c.mode
			}
			full := strings.NewReplacer("TOKEN", string(token), "PROOF", proof, "DIGEST", digest)
			runner, steps := telling()
			begun, err := runner.Begin(t.Context(), h, c.challenge)
			if got := arguments(recorded(t, h)); err != nil || !begun || got != full.Replace(c.begin) {
				t.Errorf("begin: got %q, %v and %v, want %q", got, begun, err, full.Replace(c.begin))
			}
			for valid, want := range map[bool]string{true: c.good, false: c.bad} {
				err := runner.End(t.Context(), h, c.challenge, valid)
				if got := arguments(recorded(t, h)); err != nil || got != full.Replace(want) {
					t.Errorf("end, valid %v: got %q and %v, want %q", valid, got, err, full.Replace(want))
				}
			}
			said := strings.Join(*steps, "\n")
			if strings.Contains(said, string(token)) || strings.Contains(said, "hush") || !strings.Contains(said, "hook test says: called with ") {
				t.Errorf("the steps are\n%s", said)
			}
		})
	}
}

func TestHooksHaveAFixedEnvironment(t *testing.T) {
	for _, name := range []string{"LD_PRELOAD", "WCME_SOCKET", "PATH"} {
		t.Setenv(name, "/nonsense")
	}
	h := program(t, hook.UACME, recorder)
	if _, err := new(hook.Runner).Begin(t.Context(), h, challenge(acmecore.HTTP01, "example.org")); err != nil {
		t.Fatal(err)
	}
	lines := recorded(t, h)
	lines = slices.DeleteFunc(lines[5:], func(line string) bool { // what the shell itself sets
		return strings.HasPrefix(line, "PWD=") || strings.HasPrefix(line, "OLDPWD=") || strings.HasPrefix(line, "_=") || strings.HasPrefix(line, "SHLVL=")
	})
	word := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, "WCME_RUN=") })
	if word < 0 {
		t.Fatalf("no word in %q", lines)
	}
	self, err := user.LookupId(strconv.Itoa(os.Geteuid()))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"/", "0022", "no input", "HOME=" + self.HomeDir, "LANG=C.UTF-8", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"RECORD=" + h.Env["RECORD"], "SECRET=" + h.Env["SECRET"]}
	if got := slices.Delete(lines, word, word+1); !slices.Equal(got, want) {
		t.Errorf("got\n%q, want\n%q", got, want)
	}
}

func TestBeginTellsHowItWent(t *testing.T) {
	for _, c := range []struct {
		name     string
		protocol hook.Protocol
		script   string
		begun    bool
		says     string // in the error; "" for none
	}{
		{"uacme declines", hook.UACME, "echo not mine; exit 1", false, "call hook test: it declines http-01 for example.org (status 1): not mine"},
		{"uacme declines by another status", hook.UACME, "exit 85", false, "it declines http-01 for example.org (status 85)"},
		{"uacme is killed", hook.UACME, "kill -9 $$", true, "it was ended by the signal SIGKILL"},
		{"uacme hangs", hook.UACME, "sleep 1000", true, "it had not ended after "},
		{"dehydrated fails", hook.Dehydrated, "echo \"no $SECRET, $4\" >&2; exit 3", true, "it ended with status 3: no …, …"},
		{"an interpreter that is not there", hook.UACME, "", true, "it could not be started: no such file"},
		{"bytes of all kinds", hook.Dehydrated, `printf '\033[31mred\000\377\n'; exit 1`, true, "it ended with status 1: ?[31mred??"},
		{"a daemon that holds the output", hook.Dehydrated, "mkfifo \"$RECORD\"; setsid cat \"$RECORD\" & exit 0", true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			text := "#!/bin/sh\n" + c.script + "\n"
			if c.script == "" {
				text = "#!/no/such/interpreter\n"
			}
			h := program(t, c.protocol, text)
			if strings.Contains(c.says, "it had not ended after ") {
				h.Timeout = time.Second
			}
			t.Cleanup(func() { letGo(t, h.Env["RECORD"]) })
			runner, steps := telling()
			begun, err := runner.Begin(t.Context(), h, challenge(acmecore.HTTP01, "example.org"))
			if begun != c.begun || (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v and %v, want %v and %q", begun, err, c.begun, c.says)
			}
			if err != nil && (acmecore.KindOf(err) != acmecore.Unreachable || acmecore.HintOf(err) == "") {
				t.Errorf("got the kind %q and the hint %q", acmecore.KindOf(err), acmecore.HintOf(err))
			}
			if said := fmt.Sprint(*steps, err); strings.ContainsAny(said, "\x1b\x00") || strings.Contains(said, "hush") || strings.Contains(said, string(token)) {
				t.Errorf("the steps are %q", said)
			}
		})
	}
}

// letGo ends the daemon that reads from the FIFO, where there is one: until then it stays.
func letGo(t *testing.T, path string) {
	fifo, err := os.OpenFile(path, os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err := errors.Join(err, fifo.Close()); err != nil {
		t.Error(err)
	}
}

// TestTheWholeGroupEnds is of a program that starts others, and stays deaf.
func TestTheWholeGroupEnds(t *testing.T) {
	h := program(t, hook.UACME, "#!/bin/sh\ntrap '' TERM\nfor i in 1 2 3 4 5 6 7 8; do (trap '' TERM; sleep 1000) & done\nsleep 1000\n")
	h.Timeout = time.Second
	var leader int
	runner := hook.Runner{Grace: 100 * time.Millisecond, Note: func(running hook.Running) error {
		leader = max(leader, running.PID)
		return nil
	}}
	if _, err := runner.Begin(t.Context(), h, challenge(acmecore.HTTP01, "example.org")); err == nil || !strings.Contains(err.Error(), "it had not ended after ") {
		t.Errorf("got %v", err)
	}
	for over := time.Now().Add(time.Minute); groupLives(t, leader); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(over) {
			t.Fatalf("the group %d is still there", leader)
		}
	}
}

// groupLives tells whether there is more of a group than zombies.
func groupLives(t *testing.T, group int) bool {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(stats, func(path string) bool {
		text, err := os.ReadFile(path)
		_, after, _ := strings.Cut(string(text), ") ")
		fields := strings.Fields(after)
		return err == nil && len(fields) > 2 && fields[0] != "Z" && fields[2] == fmt.Sprint(group)
	})
}

func TestHugeOutputIsCut(t *testing.T) {
	h := program(t, hook.UACME, "#!/bin/sh\nyes \"$SECRET is the line\" | head -c 50000000\nexit 1\n")
	runner, steps := telling()
	_, err := runner.Begin(t.Context(), h, challenge(acmecore.HTTP01, "example.org"))
	said := strings.Join(*steps, "\n")
	if err == nil || len(*steps) > 30 || strings.Contains(said+err.Error(), "hush") || len(err.Error()) > 1000 {
		t.Errorf("got %v and %d steps:\n%s", err, len(*steps), said)
	}
	if !strings.Contains(said, "hook test says: … is the line") || !strings.Contains(said, " more lines") {
		t.Errorf("the steps are\n%s", said)
	}
}

func TestACancelledCallSaysSo(t *testing.T) {
	h := program(t, hook.Dehydrated, "#!/bin/sh\necho started >\"$RECORD\"\nsleep 1000\n")
	if err := syscall.Mkfifo(h.Env["RECORD"], 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		_, _ = os.ReadFile(h.Env["RECORD"])
		cancel()
	}()
	begun, err := new(hook.Runner).Begin(ctx, h, challenge(acmecore.HTTP01, "example.org"))
	if !begun || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v and %v", begun, err)
	}
}

func TestCheckRefusesWhatCannotBeTrusted(t *testing.T) {
	good := program(t, hook.UACME, recorder)
	change := func(change func(*hook.Hook)) hook.Hook {
		h := good
		h.Args = slices.Clone(good.Args)
		change(&h)
		return h
	}
	file := func(name string, mode os.FileMode) string {
		path := filepath.Join(place(t), name)
		if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	open := filepath.Join(place(t), "open")
	if err := errors.Join(os.Mkdir(open, 0o700), os.WriteFile(open+"/x", nil, 0o700), os.Chmod(open, 0o777)); err != nil {
		t.Fatal(err)
	}
	script := file("dns_x.sh", 0o644)
	for _, c := range []struct {
		name string
		hook hook.Hook
		says string // "" for no error
	}{
		{"good", good, ""},
		{"missing", change(func(h *hook.Hook) { h.Args[0] += "x" }), "no such file"},
		{"writable by others", change(func(h *hook.Hook) { h.Args[0] = file("x", 0o777) }), "can be changed by others (mode 0777)"},
		{"writable by its group", change(func(h *hook.Hook) { h.Args[0] = file("x", 0o775) }), "can be changed by others (mode 0775)"},
		{"in a directory that others can write", change(func(h *hook.Hook) { h.Args[0] = open + "/x" }), "/open can be changed by others"},
		{"not executable", change(func(h *hook.Hook) { h.Args[0] = file("x", 0o644) }), "is not executable"},
		{"a directory", change(func(h *hook.Hook) { h.Args[0] = open[:len(open)-5] }), "is not a file"},
		{"relative", change(func(h *hook.Hook) { h.Args[0] = "x" }), "is not an absolute path"},
		{"nothing", change(func(h *hook.Hook) { h.Args = nil }), "there is nothing to run"},
		{"a NUL", change(func(h *hook.Hook) { h.Args = append(h.Args, "\x00") }), "a NUL character"},
		{"an unknown user", change(func(h *hook.Hook) { h.User = "no-such-user" }), `there is no user "no-such-user"`},
		{"an unknown protocol", change(func(h *hook.Hook) { h.Protocol = "x" }), `its protocol "x" is not known`},
		{"a variable of the linker", change(func(h *hook.Hook) { h.Env = map[string]string{"LD_PRELOAD": "x"} }), `variable "LD_PRELOAD": is not for you to set`},
		{"a script of acme.sh that is not executable", change(func(h *hook.Hook) { h.Protocol, h.Args[0] = hook.ACMESh, script }), ""},
		{"a script of acme.sh of another name", change(func(h *hook.Hook) { h.Protocol, h.Args[0] = hook.ACMESh, file("x.sh", 0o644) }), "is not called dns_NAME.sh"},
		{"a script of acme.sh of a bad name", change(func(h *hook.Hook) { h.Protocol, h.Args[0] = hook.ACMESh, file("dns_x;y.sh", 0o644) }), "is not called dns_NAME.sh"},
		{"a script of acme.sh with arguments", change(func(h *hook.Hook) { h.Protocol, h.Args = hook.ACMESh, []string{script, "x"} }), "takes no arguments"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.hook.Check()
			if c.says == "" {
				if err != nil {
					t.Errorf("got %v, want no error", err)
				}
				return
			}
			_, beginErr := new(hook.Runner).Begin(t.Context(), c.hook, challenge(acmecore.DNS01, "example.org"))
			for _, err := range []error{err, beginErr} {
				if err == nil || !strings.HasPrefix(err.Error(), "check hook test: ") || !strings.Contains(err.Error(), c.says) || acmecore.KindOf(err) != acmecore.Invalid {
					t.Errorf("got %v, want one that says %q", err, c.says)
				}
			}
		})
	}
}

func TestRightsHookRunsAsAnotherUser(t *testing.T) {
	found, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	h := program(t, hook.UACME, "#!/bin/sh\nid -un; id -G; echo $HOME; exit 1\n")
	h.User = "nobody"
	_, err = new(hook.Runner).Begin(t.Context(), h, challenge(acmecore.HTTP01, "example.org"))
	if want := fmt.Sprintf("(status 1): nobody %s %s", found.Gid, found.HomeDir); err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}

// TestLegoFollowsAliases that are fit for an argument.
func TestLegoFollowsAliases(t *testing.T) {
	h := program(t, hook.Lego, recorder)
	c := challenge(acmecore.DNS01, "example.org")
	c.Record = "a_b.c-1.example.test"
	if _, err := new(hook.Runner).Begin(t.Context(), h, c); err != nil {
		t.Fatal(err)
	}
	if got := arguments(recorded(t, h)); got != "present a_b.c-1.example.test. "+digest {
		t.Errorf("got %q", got)
	}
	for _, odd := range []string{"-x.example", "a..b", "a b", "$(id).example", "a.", "A.example", "\x1b.example"} {
		c.Record = odd
		begun, err := new(hook.Runner).Begin(t.Context(), h, c)
		endErr := new(hook.Runner).End(t.Context(), h, c, false)
		if begun || acmecore.KindOf(err) != acmecore.Invalid || acmecore.KindOf(endErr) != acmecore.Invalid || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%q: got %v, %v and %v", odd, begun, err, endErr)
		}
	}
}

func TestParseEnvironment(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", "map[]"},
		{"some", "# a comment\n A=1\n\nB=\"two words\"\r\nC='$x'\nD=a=b\nE=\n", "map[A:1 B:two words C:$x D:a=b E:]"},
		{"one quote", "A=\"x\n", "map[A:\"x]"},
		{"no value", "A=1\nhush\n", "line 2: has no"},
		{"a name that is none", "a-b=hush\n", `line 1: variable "a-b": is no name`},
		{"a variable of ours", "\nWCME_X=hush\n", `line 2: variable "WCME_X"`},
		{"twice", "A=hush\nA=hush\n", "line 2: has A a second time"},
		{"a NUL", "A=hush\x00\n", "line 1: has a byte of value 0"},
	} {
		got, err := hook.ParseEnvironment(c.text)
		said := fmt.Sprint(got)
		if err != nil {
			said = err.Error()
		}
		if !strings.HasPrefix(said, c.want) || err != nil && (strings.Contains(said+acmecore.HintOf(err), "hush") || acmecore.KindOf(err) != acmecore.Invalid) {
			t.Errorf("%s: got %q, want %q", c.name, said, c.want)
		}
	}
}

func FuzzParseEnvironment(f *testing.F) {
	f.Add("# x\nA=1\nB=\"2\"\r\n")
	f.Add("A='\nPATH=x\n=")
	f.Fuzz(func(t *testing.T, text string) {
		got, _ := hook.ParseEnvironment(text)
		for name, value := range got {
			if acmecore.CheckVariable(name) != nil || strings.ContainsAny(value, "\x00\n") {
				t.Errorf("%q gave %q=%q", text, name, value)
			}
		}
	})
}
