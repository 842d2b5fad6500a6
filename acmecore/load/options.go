package load

import (
	"slices"
	"strings"
)

// wanted returns the options of a command line that a server's own test needs too,
// in getopt's way (-f FILE, -fFILE): of those in the string valued, all of which
// have a value, the ones in keep.
func wanted(args []string, valued, keep string) (options []string) {
	for i := 1; i < len(args); i++ {
		arg := args[i]
		if len(arg) < 2 || arg[0] != '-' || !strings.Contains(valued, arg[1:2]) {
			continue
		}
		value := arg[2:]
		if value == "" {
			if i++; i >= len(args) {
				break
			}
			value = args[i]
		}
		if strings.Contains(keep, arg[1:2]) {
			options = append(options, arg[:2], value)
		}
	}
	return options
}

// haproxyOptions returns the files of a HAProxy's command line, and what they are
// read with: -f FILE…, -C DIRECTORY, -L NAME and, at the end, -- FILE….
func haproxyOptions(args []string) (options []string) {
	for i := 1; i < len(args); i++ {
		switch args[i] {
		case "--":
			return append(options, args[i:]...)
		case "-f", "-C", "-L":
			if i+1 < len(args) {
				options = append(options, args[i], args[i+1])
				i++
			}
		}
	}
	return options
}

// nginxMaster begins the title that a master of nginx gives itself. What follows is
// its command line, the words joined by spaces.
const nginxMaster = "nginx: master process "

// nginxOptions returns the options -c, -p and -g of a master's title. A value may
// have spaces in it, and goes on until the next option; so does -g 'daemon on;
// master_process on;' of Debian.
func nginxOptions(args []string) (options []string) {
	if len(args) != 1 { // one that runs in the foreground without a master has no title
		return wanted(args, "cepgs", "cpg")
	}
	title, isMaster := strings.CutPrefix(args[0], nginxMaster)
	if !isMaster {
		return nil
	}
	var value []string
	option := ""
	flush := func() {
		if slices.Contains([]string{"-c", "-p", "-g"}, option) && len(value) > 0 {
			options = append(options, option, strings.TrimRight(strings.Join(value, " "), " "))
		}
		value = nil
	}
	for _, word := range strings.Split(title, " ") {
		if isNginxOption(word) {
			flush()
			option = word
			continue
		}
		value = append(value, word)
	}
	flush()
	return options
}

func isNginxOption(word string) bool {
	return len(word) == 2 && word[0] == '-' && strings.Contains("cepgsqtT", word[1:])
}

// longOption returns the value of an option like --config FILE or --config=FILE.
func longOption(args []string, names ...string) string {
	for i, arg := range args {
		name, value, joined := strings.Cut(arg, "=")
		switch {
		case !slices.Contains(names, name):
		case joined:
			return value
		case i+1 < len(args):
			return args[i+1]
		}
	}
	return ""
}

// variable returns the value of an environment's variable, "" where there is none.
func variable(environment []string, name string) string {
	for _, entry := range environment {
		if value, is := strings.CutPrefix(entry, name+"="); is {
			return value
		}
	}
	return ""
}

// substituted returns the variables of a server's own environment that its
// configuration may have in it, as Debian's Apache has ${APACHE_RUN_DIR}. None of
// them can change what is executed, or with which libraries, or makes a test take
// itself for the service: systemd's, and those that HAProxy's master leaves itself.
func substituted(environment []string) []string {
	names := []string{"", "PATH", "HOME", "LANG", "IFS", "ENV", "BASH_ENV", "GLIBC_TUNABLES", "GCONV_PATH", "TMPDIR",
		"NOTIFY_SOCKET", "MAINPID", "INVOCATION_ID", "JOURNAL_STREAM", "HAPROXY_LOAD_SUCCESS"}
	prefixes := []string{"LD_", "MALLOC_", "BASH_FUNC_", "WCME_", "LISTEN_", "WATCHDOG_", "HAPROXY_MWORKER"}
	return slices.DeleteFunc(slices.Clone(environment), func(entry string) bool {
		name, _, found := strings.Cut(entry, "=")
		begins := func(prefix string) bool { return strings.HasPrefix(name, prefix) }
		return !found || slices.Contains(names, name) || slices.ContainsFunc(prefixes, begins)
	})
}
