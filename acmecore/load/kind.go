package load

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"wcme/acmecore/process"
)

// kind is a kind of server that the standard load knows.
type kind struct {
	name     string
	programs []string // what its program's file is called
	// users may run its master beside root: those to whom it falls after its start,
	// or whom its service file names. Any other user's is not looked at, or every user
	// of the host could make the standard load fail.
	users []string
	// is tells a master from other processes of the program; nil for all.
	is func(proc) bool
	// test is the server's own test of the configuration that it runs with.
	test func(Server) ([]string, error)
	// quiet: what the test writes to standard output is not what is wrong.
	quiet bool
	// obstacle says why a server cannot be reloaded gracefully; nil where each one can.
	obstacle func(s Server, all map[int]proc) error
	// reload is the command that makes it read its files again; nil where signal does.
	reload func(Server) ([]string, error)
	signal syscall.Signal
	// forks: with the new configuration come new children, at once.
	forks bool
	// variables: the configuration may refer to the server's environment.
	variables bool
	// testHint and reloadHint say what to try where the test or the reload fails; "" is
	// the usual.
	testHint, reloadHint string
}

// kinds are all of them. What each one does is tested with Debian 12's (deploy/load),
// but for Exim, which cannot be installed beside Postfix and was tried by hand.
func kinds() []kind {
	return []kind{
		{
			name: "Apache", programs: []string{"apache2", "httpd", "httpd.worker", "httpd.event"}, variables: true,
			test:   with("-t", func(s Server) []string { return wanted(s.Args, "fdDCcEk", "fdDCc") }),
			signal: syscall.SIGUSR1,
		},
		{
			name: "nginx", programs: []string{"nginx"}, is: isNginxMaster, forks: true,
			test:   with("-t", func(s Server) []string { return nginxOptions(s.Args) }),
			signal: syscall.SIGHUP,
		},
		{
			// It reads everything again as the user whom it has become, and ends where it
			// may not: so the test, as that user, is what saves it.
			name: "lighttpd", programs: []string{"lighttpd"}, users: []string{"www-data", "lighttpd"}, variables: true,
			test:     with("-tt", func(s Server) []string { return wanted(s.Args, "fmi", "fm") }),
			signal:   syscall.SIGUSR1,
			testHint: "lighttpd reads its files again as the user that it runs as: let that user's group read the key (owner and mode of [[install]]), or restart it by an own command",
		},
		{
			name: "HAProxy", programs: []string{"haproxy"}, users: []string{"haproxy"}, forks: true, variables: true,
			test:   with("-c", func(s Server) []string { return haproxyOptions(s.Args) }),
			signal: syscall.SIGUSR2, obstacle: wantsMaster,
		},
		{
			name: "Caddy", programs: []string{"caddy"}, users: []string{"caddy", "www-data"}, variables: true,
			is:         func(p proc) bool { return slices.Contains(p.args, "run") },
			test:       caddy("validate"),
			reload:     caddy("reload", "--force"), // the configuration's text is the same as before
			reloadHint: "Caddy is reloaded by its admin interface, which `admin off` takes away",
		},
		{
			name: "Postfix", programs: []string{"master"}, is: isPostfixMaster,
			test: postfix("check"), reload: postfix("reload"),
			testHint: "the mail log says why: postfix writes there, or to a terminal", reloadHint: "the mail log says why: postfix writes there, or to a terminal",
		},
		{
			name: "Dovecot", programs: []string{"dovecot"},
			test: with("-n", func(s Server) []string { return wanted(s.Args, "ci", "ci") }), quiet: true,
			signal: syscall.SIGHUP,
		},
		{
			name: "Exim", programs: []string{"exim4", "exim"}, users: []string{"Debian-exim", "exim", "mail"}, is: isEximDaemon,
			test: with("-bV", func(s Server) []string { return wanted(s.Args, "CD", "CD") }), quiet: true,
			signal: syscall.SIGHUP, obstacle: wantsRights,
		},
	}
}

// with makes a test of the server's own program, an option, and options of its
// command line.
func with(option string, kept func(Server) []string) func(Server) ([]string, error) {
	return func(s Server) ([]string, error) {
		return append([]string{s.Program, option}, kept(s)...), nil
	}
}

// isNginxMaster tells a master, or the single process of one that has none, from
// what nginx calls otherwise: workers that outlived their master.
func isNginxMaster(p proc) bool {
	return len(p.args) > 0 && (strings.HasPrefix(p.args[0], nginxMaster) || !strings.HasPrefix(p.args[0], "nginx: "))
}

// isPostfixMaster looks for the directory, because "master" is anybody's name.
func isPostfixMaster(p proc) bool {
	path := p.program
	if path == "" && len(p.args) > 0 {
		path = p.args[0]
	}
	return strings.Contains(filepath.Dir(path), "/postfix")
}

// isEximDaemon tells the daemon from those that deliver a mail.
func isEximDaemon(p proc) bool {
	return slices.ContainsFunc(p.args, func(arg string) bool { return arg == "-bd" || arg == "-bdf" })
}

// wantsMaster finds a HAProxy that runs as one process: a reload ends it. The workers
// of a master are in a chroot, as Debian configures them, so that they are not among
// the servers of this host.
func wantsMaster(s Server, _ map[int]proc) error {
	if len(children(s.PID)) > 0 {
		return nil
	}
	return invalid("start it with -W or -Ws, as Debian does, or give an own command in [[load]]",
		"it runs without a master process, so that no signal reloads it gracefully")
}

// wantsRights finds an Exim that would lose its ports: it executes itself again, as
// the user that it has become, and its setuid bit is worth nothing with -C or -D.
func wantsRights(s Server, _ map[int]proc) error {
	if s.as.UID == 0 || len(wanted(s.Args, "CD", "CD")) == 0 {
		return nil
	}
	return invalid("give an own command in [[load]] that starts it again",
		"it was started with a configuration of its own (-C), and could not open its ports again after a reload")
}

// caddy makes a command with the file that Caddy was started with: it says which,
// or there is a Caddyfile where it was started.
func caddy(verb string, more ...string) func(Server) ([]string, error) {
	return func(s Server) ([]string, error) {
		directory, err := os.Readlink(process.Path(s.PID, "cwd"))
		if err != nil {
			return nil, err
		}
		file := longOption(s.Args, "--config", "-config", "-c")
		if file == "" {
			file = "Caddyfile"
		}
		if !filepath.IsAbs(file) {
			file = filepath.Join(directory, file)
		}
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			return nil, errors.New("it runs without a file, so that nobody knows what to reload")
		}
		args := append([]string{s.Program, verb, "--config", file}, more...)
		if adapter := longOption(s.Args, "--adapter", "-adapter", "-a"); adapter != "" {
			args = append(args, "--adapter", adapter)
		}
		return args, nil
	}
}

// postfix makes a command for the instance of a master, whose directory the command
// that started it left in the environment.
func postfix(verb string) func(Server) ([]string, error) {
	return func(s Server) ([]string, error) {
		for _, directory := range strings.Split(process.SearchPath, ":") {
			program := filepath.Join(directory, "postfix")
			if process.TrustOf(process.Ourselves()).Program(program) != nil {
				continue
			}
			args := []string{program}
			if at := variable(s.environment, "MAIL_CONFIG"); at != "" {
				args = append(args, "-c", at)
			}
			return append(args, verb), nil
		}
		return nil, errors.New("the command postfix is in no directory of PATH, or others could change it")
	}
}
