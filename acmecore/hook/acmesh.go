package hook

import (
	_ "embed" // the text below
	"path/filepath"
	"strings"

	"wcme/acmecore"
)

// The scripts of acme.sh's dnsapi, as its "DNS API Dev Guide" has them: a file dns_NAME.sh
// of shell functions, of which dns_NAME_add FULLDOMAIN TXTVALUE makes a record and
// dns_NAME_rm removes it, by the helpers that acme.sh has. Those are in acmesh.sh, written
// anew: the text is given to /bin/sh, which reads the script and calls its function. What
// it is called with are positional parameters, so that nothing is pasted into code.

//go:embed acmesh.sh
var helpers string

// shell reads the script: the administrator has chosen that with the protocol.
const shell = "/bin/sh"

// settingsVariable is the name of the file in which account settings are kept, as acme.sh
// calls it.
const settingsVariable = "ACCOUNT_CONF_PATH"

func acmeshBegin(h Hook, c Challenge) call { return acmesh(h, c, "add") }

func acmeshEnd(h Hook, c Challenge, _ bool) call { return acmesh(h, c, "rm") }

func acmesh(h Hook, c Challenge, what string) call {
	script, function := h.Args[0], functionOf(h.Args[0])+"_"+what
	return call{
		args:        []string{shell, "-c", helpers, "acme.sh", script, function, c.usual(), c.digest()},
		shown:       []string{script, function, c.usual(), c.digest()},
		environment: []string{settingsVariable + "=" + h.Settings},
	}
}

// functionOf is what the functions of a script begin with: its name.
func functionOf(script string) string { return strings.TrimSuffix(filepath.Base(script), ".sh") }

func checkScript(h Hook) error {
	name := functionOf(h.Args[0])
	bare, is := strings.CutPrefix(name, "dns_")
	if !is || bare == "" || acmecore.CheckVariable(name) != nil || !strings.HasSuffix(h.Args[0], ".sh") {
		return invalid("run = [\"/root/.acme.sh/dnsapi/dns_NAME.sh\"]", "%s is not called dns_NAME.sh, as a script of acme.sh's dnsapi is", acmecore.Inert(h.Args[0]))
	}
	if len(h.Args) > 1 {
		return invalid("give it what it needs in env or env_file", "a script of acme.sh's dnsapi takes no arguments")
	}
	return nil
}
