package config_test

import (
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/config"
)

func TestErrorsOfStagesPointAtTheirPlace(t *testing.T) {
	const smtp = "[report]\nserver = \"mail.example.org:25\"\n"
	for _, row := range []struct{ what, text, says, hint string }{
		// [renew]
		{"a time without minutes", "[renew]\nat = \"3\"\n", `wcme.toml:2:6: time "3": is no time of the day`, ""},
		{"a time after midnight", "[renew]\nat = \"24:00\"\n", `wcme.toml:2:6: time "24:00"`, ""},
		{"a time with one digit", "[renew]\nat = \"3:00\"\n", `wcme.toml:2:6: time "3:00"`, ""},
		{"a time of TOML", "[renew]\nat = 00:20:00\n", "wcme.toml:2:6: time given where string is wanted", ""},
		{"too much jitter", "[renew]\njitter = \"7h\"\n", "wcme.toml:2:1: 7h is not from 0s to 6h", ""},
		{"a number for a length", "[renew]\nbefore = 30\n", "wcme.toml:2:10: integer given where string is wanted", ""},
		{"a length without a unit", "[renew]\nbefore = \"30\"\n", `wcme.toml:2:10: time "30": is no length of time`, ""},
		{"too short a margin", "[renew]\nbefore = \"59m\"\n", "wcme.toml:2:1: 59m is not from 1h to 365d", ""},
		{"too long a margin", "[renew]\nbefore = \"366d\"\n", "wcme.toml:2:1: 366d is not from 1h to 365d", ""},
		{"orders without a time", "[renew]\norders = \"300\"\n", `wcme.toml:2:10: orders "300"`, ""},
		{"no orders", "[renew]\norders = \"0/3h\"\n", `wcme.toml:2:10: orders "0/3h"`, ""},
		{"no attempt before the next CA", "[renew]\nfailover = 0\n", `wcme.toml:2:1: 0 is not from 1 to 10`, ""},
		{"too many attempts before the next CA", "[renew]\nfailover = 11\n", `wcme.toml:2:1: 11 is not from 1 to 10`, ""},
		{"attempts in words", "[renew]\nfailover = \"four\"\n", `wcme.toml:2:12: string given where integer is wanted`, ""},
		{"attempts not whole", "[renew]\nfailover = 1.5\n", `wcme.toml:2:12: float given where integer is wanted`, ""},
		{"attempts beyond all numbers", "[renew]\nfailover = 99999999999999999999\n", `wcme.toml:2:12: `, ""},
		{"orders in no time", "[renew]\norders = \"300/0s\"\n", `wcme.toml:2:10: orders "300/0s"`, ""},
		{"a misspelt key of [renew]", "[renew]\nbefor = \"30d\"\n", `wcme.toml:2:1: there is no key "renew.befor"`, `did you mean "before"?`},
		// [[install]]
		{"a target without a name", "[[install]]\ndir = \"/etc/a\"\n", "wcme.toml:1:3: a target needs its name", ""},
		{"a target without a directory", "[[install]]\nname = \"a\"\n", "wcme.toml:1:3: target a needs its dir", ""},
		{"a name in capitals", "[[install]]\nname = \"A\"\n", `wcme.toml:2:8: name "A": is not made of`, ""},
		{"an empty name", "[[install]]\nname = \"\"\n", `wcme.toml:2:8: name "": is not made of`, ""},
		{"a name that begins with a hyphen", "[[install]]\nname = \"-a\"\n", `wcme.toml:2:8: name "-a"`, ""},
		{"a name of 65 characters", "[[install]]\nname = \"" + strings.Repeat("a", 65) + "\"\n", "wcme.toml:2:8: name ", ""},
		{"a relative directory", "[[install]]\nname = \"a\"\ndir = \"certs\"\n", `wcme.toml:3:7: directory "certs": is no absolute path`, ""},
		{"a format that is none", target + "format = \"pkcs\"\n", `wcme.toml:4:10: format "pkcs": is none of combined, split`, ""},
		{"the second of two names", target + target, "wcme.toml:5:1: there is a target a already", ""},
		{"two targets with the same files", target + strings.Replace(target, `"a"`, `"b"`, 1), "wcme.toml:4:3: target b: it writes fullchain_{name}.pem in /etc/a, as target a does", "give one of them another"},
		{"a key where another's certificate is", target + strings.Replace(target, `"a"`, `"b"`, 1) + "format = \"split\"\nfile = \"x\"\nkey_file = \"fullchain_{name}.pem\"\n", "wcme.toml:9:1: target b: it writes fullchain_{name}.pem", ""},
		{"the same constant file for different certificates", target + "file = \"x.pem\"\ncertificates = [\"a\"]\n" + strings.Replace(target, `"a"`, `"b"`, 1) + "file = \"x.pem\"\ncertificates = [\"b\"]\n", "wcme.toml:9:1: target b: it writes x.pem", ""},
		{"the same files for one certificate of two lists", target + "certificates = [\"a_example\"]\n" + strings.Replace(target, `"a"`, `"b"`, 1) + "certificates = [\"b.example\", \"a.example\"]\n", "wcme.toml:5:3: target b: it writes", ""},
		{"a path for a file", target + "file = \"x/{name}\"\n", `wcme.toml:4:8: file "x/{name}": is no plain name`, ""},
		{"a hidden file", target + "file = \".{name}\"\n", `wcme.toml:4:8: file ".{name}": begins with a dot or a hyphen`, ""},
		{"an unknown brace", target + "file = \"{id}.pem\"\n", `wcme.toml:4:8: file "{id}.pem": has a brace`, ""},
		{"an empty file", target + "file = \"\"\n", `wcme.toml:4:8: file ""`, ""},
		{"a file with a line end", target + "file = \"a\\nb\"\n", `wcme.toml:4:8: file "a b"`, ""},
		{"a key's file for one file", target + "key_file = \"x\"\n", `wcme.toml:4:1: key_file goes with format = "split" or "der", and here it is "combined"`, ""},
		{"a key's mode for one file", target + "key_mode = \"0600\"\n", "wcme.toml:4:1: key_mode goes with", ""},
		{"links for one file", target + "links = false\n", "wcme.toml:4:1: links goes with", ""},
		{"a text for links", target + "links = \"no\"\n", "wcme.toml:4:9: string given where boolean is wanted", ""},
		{"a password for PEM", target + "password_file = \"x\"\n", `wcme.toml:4:1: password_file goes with format = "pkcs12"`, ""},
		{"pkcs12 without a password", target + "format = \"pkcs12\"\n", "wcme.toml:4:1: it goes together with password_file, which is missing", ""},
		{"a template for PEM", target + "template = \"x\"\n", `wcme.toml:4:1: template goes with format = "template"`, ""},
		{"a template that is missing", target + "format = \"template\"\n", "wcme.toml:4:1: it goes together with template, which is missing", ""},
		{"a template outside", target + "format = \"template\"\ntemplate = \"../x\"\n", `wcme.toml:5:12: file "../x": is no path of a file`, ""},
		{"one file for both", target + "format = \"split\"\nfile = \"x\"\nkey_file = \"x\"\n", "wcme.toml:6:1: the key has the same file as the certificate, x", ""},
		{"an owner that is none", target + "owner = \"a:b:c\"\n", `wcme.toml:4:9: owner "a:b:c": is no user, user:group or :group`, ""},
		{"an owner without its group", target + "owner = \"a:\"\n", `wcme.toml:4:9: owner "a:"`, ""},
		{"an owner with a space", target + "owner = \"a b\"\n", `wcme.toml:4:9: owner "a b"`, ""},
		{"an owner like an option", target + "owner = \"-a\"\n", `wcme.toml:4:9: owner "-a"`, ""},
		{"a mode in words", target + "mode = \"u=rw\"\n", `wcme.toml:4:8: mode "u=rw": is no mode of a file`, ""},
		{"a mode as a number", target + "mode = 640\n", "wcme.toml:4:8: integer given where string is wanted", ""},
		{"a mode that is decimal", target + "mode = \"0680\"\n", `wcme.toml:4:8: mode "0680"`, ""},
		{"a mode with setuid", target + "mode = \"4640\"\n", `wcme.toml:4:8: mode "4640"`, ""},
		{"a mode that locks the owner out", target + "mode = \"0040\"\n", `wcme.toml:4:8: mode "0040": does not let the owner read`, ""},
		{"a mode for all to write", target + "format = \"split\"\nmode = \"0646\"\n", `wcme.toml:5:8: mode "0646": lets every user write the file`, ""},
		{"a key for all to read", target + "mode = \"0644\"\n", `wcme.toml:4:1: mode "0644": would open the private key to every user`, "root:ssl-cert"},
		{"a key's own file for all to read", target + "format = \"split\"\nkey_mode = \"0604\"\n", `wcme.toml:5:1: mode "0604": would open`, ""},
		{"a certificate that is none", target + "certificates = [\"a\", \"a b\"]\n", `wcme.toml:4:22: certificate "a b": is neither`, ""},
		{"a mode in an inline table", "install = [{name = \"a\", dir = \"/a\", mode = 640}]\n", "wcme.toml:1:44: integer given where string is wanted", ""},
		{"one table alone", "install = {name = \"a\"}\n", "wcme.toml:1:11: table given where list is wanted", ""},
		// [[load]]
		{"an action without a name", "[[load]]\nrun = \"+\"\n", "wcme.toml:1:3: a load action needs its name", ""},
		{"an action that does nothing", "[[load]]\nname = \"a\"\n", "wcme.toml:1:3: a load action needs what it shall run", ""},
		{"an empty text", "[[load]]\nname = \"a\"\nrun = \" \"\n", `wcme.toml:3:7: command "": is empty`, ""},
		{"an empty list", "[[load]]\nname = \"a\"\nrun = []\n", "wcme.toml:3:1: the list is empty", ""},
		{"an empty program", "[[load]]\nname = \"a\"\nrun = [\"\", \"x\"]\n", `wcme.toml:3:1: program "": is no absolute path`, ""},
		{"a relative program", "[[load]]\nname = \"a\"\nrun = [\"postfix\", \"reload\"]\n", `wcme.toml:3:1: program "postfix": is no absolute path`, ""},
		{"the standard load in a list", "[[load]]\nname = \"a\"\nrun = [\"+\"]\n", `wcme.toml:3:1: program "+": is no absolute path`, ""},
		{"a number to run", "[[load]]\nname = \"a\"\nrun = 5\n", "wcme.toml:3:7: integer given where string or list is wanted", ""},
		{"a table to run", "[[load]]\nname = \"a\"\nrun = {x = 1}\n", "wcme.toml:3:7: table given where string or list is wanted", ""},
		{"a number as an argument", "[[load]]\nname = \"a\"\nrun = [\"/a\",\n5]\n", "wcme.toml:4:1: integer given where string is wanted", ""},
		{"a list as an argument", "[[load]]\nname = \"a\"\nrun = [\"/a\", [\"b\"]]\n", "wcme.toml:3:1: list given where string is wanted", ""},
		{"a zero byte", "[[load]]\nname = \"a\"\nrun = [\"/a\\u0000\"]\n", `wcme.toml:3:8: command "/a?": has a byte of value 0`, ""},
		{"no time at all", action + "timeout = \"0s\"\n", "wcme.toml:4:1: 0s is not from 1s to 1h", ""},
		{"too much time", action + "timeout = \"61m\"\n", "wcme.toml:4:1: 1h1m is not from 1s to 1h", ""},
		{"a user for the standard load", action + "user = \"www-data\"\n", "wcme.toml:4:1: the standard load signals servers", ""},
		{"a user that is none", action + "user = \"a b\"\n", `wcme.toml:4:8: user "a b": is no name of a user`, ""},
		{"a target that is not there", target + action + "install = [\"a\", \"aa\"]\n", `wcme.toml:7:1: target "aa": there is none of that name`, `did you mean "a"?`},
		{"an action twice", action + action, "wcme.toml:5:1: there is a load action a already", ""},
		{"the third of three actions", action + strings.Replace(action, `"a"`, `"b"`, 1) + strings.Replace(action, `"a"`, `"c"`, 1) + "timeout = \"2h\"\n", "wcme.toml:10:1: 2h is not", ""},
		// [verify]
		{"a number for a port", "[verify]\nports = [443]\n", "wcme.toml:2:10: integer given where string is wanted", ""},
		{"port zero", "[verify]\nports = [\"0\"]\n", `wcme.toml:2:10: port "0": is none`, ""},
		{"a port too high", "[verify]\nports = [\"443\", \"65536\"]\n", `wcme.toml:2:17: port "65536"`, ""},
		{"a port with a sign", "[verify]\nports = [\"+443\"]\n", `wcme.toml:2:10: port "+443"`, ""},
		{"an unknown protocol", "[verify]\nports = [\"21/ftp\"]\n", `wcme.toml:2:10: port "21/ftp"`, ""},
		{"an empty protocol", "[verify]\nports = [\"21/\"]\n", `wcme.toml:2:10: port "21/"`, ""},
		{"a name for an address", "[verify]\nprobe = [\"www.example.org\"]\n", `wcme.toml:2:10: address "www.example.org": is no IP address`, ""},
		{"a name with a port", "[verify]\nprobe = [\"localhost:443\"]\n", `wcme.toml:2:10: address "localhost:443"`, ""},
		{"an address in the wrong brackets", "[verify]\nprobe = [\"[192.0.2.1]:443\"]\n", `wcme.toml:2:10: address "[192.0.2.1]:443"`, ""},
		{"an address with port zero", "[verify]\nprobe = [\"192.0.2.1:0\"]\n", `wcme.toml:2:10: address "192.0.2.1:0"`, ""},
		{"an address with a zone", "[verify]\nprobe = [\"fe80::1%eth0\"]\n", `wcme.toml:2:10: address "fe80::1%eth0"`, ""},
		{"an address of everybody", "[verify]\nprobe = [\"0.0.0.0\"]\n", `wcme.toml:2:10: address "0.0.0.0"`, ""},
		{"half a bracket", "[verify]\nprobe = [\"2001:db8::1]\"]\n", `wcme.toml:2:10: address "2001:db8::1]"`, ""},
		{"no patience", "[verify]\npatience = \"0s\"\n", "wcme.toml:2:1: 0s is not from 1s to 5m", ""},
		{"a list of [verify]", "[[verify]]\nports = []\n", "wcme.toml:1:3: there is only one of this table", ""},
		// [report]
		{"a mail address that is none", "[report]\nmail = [\"a b\"]\n", `wcme.toml:2:9: mail address "a b"`, ""},
		{"no mail address at all", "[report]\nmail = [\"\"]\n", `wcme.toml:2:9: mail address ""`, ""},
		{"a local name like an option", "[report]\nmail = [\"-froot\"]\n", `wcme.toml:2:9: mail address "-froot"`, ""},
		{"a local name like a file", "[report]\nmail = [\".forward\"]\n", `wcme.toml:2:9: mail address ".forward"`, ""},
		{"a local name of other letters", "[report]\nmail = [\"röot\"]\n", "wcme.toml:2:9: mail address", ""},
		{"a local name that is a pipe", "[report]\nmail = [\"|sh\"]\n", `wcme.toml:2:9: mail address "|sh"`, ""},
		{"a local name that is too long", "[report]\nmail = [\"" + strings.Repeat("a", 65) + "\"]\n", "wcme.toml:2:9: mail address", ""},
		{"a local name that the CA may write to", "contact = [\"root\"]\n", `wcme.toml:1:12: mail address "root"`, ""},
		{"a local name as the sender", "[report]\nfrom = \"root\"\n", `wcme.toml:2:8: mail address "root"`, ""},
		{"a mail address like an option", "[report]\nmail = [\"-oQ/tmp@x\"]\n", `wcme.toml:2:9: mail address "-oQ/tmp@x"`, ""},
		{"a mail address with a line end", "[report]\nfrom = \"a@b\\nBcc: c@d\"\n", "wcme.toml:2:8: mail address", ""},
		{"a server without a port", "[report]\nserver = \"smtp.example.org\"\n", `wcme.toml:2:10: server "smtp.example.org": is not HOST:PORT`, ""},
		{"a server without a host", "[report]\nserver = \":25\"\n", `wcme.toml:2:10: server ":25"`, ""},
		{"another encryption", "[report]\ntls = \"startls\"\n", `wcme.toml:2:7: tls "startls": is none of starttls, tls, none`, `did you mean "starttls"?`},
		{"a user without a password", smtp + "user = \"a\"\n", "wcme.toml:3:1: it goes together with password_file", ""},
		{"a password without a user", smtp + "password_file = \"a\"\n", "wcme.toml:3:1: it goes together with user", ""},
		{"a password for sendmail", "[report]\nuser = \"a\"\npassword_file = \"a\"\n", "wcme.toml:3:1: it goes together with server", ""},
		{"a password in the clear", smtp + "user = \"a\"\npassword_file = \"a\"\ntls = \"none\"\n", "wcme.toml:5:1: tls \"none\": the password would cross the network in the clear", `use "starttls"`},
		{"a relative sendmail", "[report]\nsendmail = \"sendmail\"\n", `wcme.toml:2:12: program "sendmail": is no absolute path`, ""},
		{"an unknown facility", "[report]\nopcom = [\"deamon\"]\n", `wcme.toml:2:10: facility "deamon": is none of`, `did you mean "daemon"?`},
		{"the kernel's facility", "[report]\nopcom = [\"kern\"]\n", `wcme.toml:2:10: facility "kern"`, ""},
		{"none and another", "[report]\nopcom = [\"none\", \"daemon\"]\n", "wcme.toml:2:1: \"none\" stands alone", ""},
		{"a webhook that is none", "[report]\nwebhooks = [\"hush\"]\n", `wcme.toml:2:13: webhook "(hidden)": is no URL`, ""},
		{"a webhook with a space", "[report]\nwebhooks = [\"slack://hu sh\"]\n", `wcme.toml:2:13: webhook "(hidden)": is no URL`, ""},
		{"a webhook without a host", "[report]\nwebhooks = [\"https:///hush\"]\n", `wcme.toml:2:13: webhook "(hidden)": is a URL without a host`, ""},
		{"an unknown event", "[report]\non = [\"renewed\", \"fail\"]\n", `wcme.toml:2:18: event "fail": is none of`, `did you mean "failed"?`},
		{"another way to sign in", "[admin]\nauth = \"ldap\"\n", `wcme.toml:2:8: auth "ldap": is neither "server" nor "login"`, ""},
		{"a user without a name", "[admin]\nview = [\"\"]\n", `wcme.toml:2:9: user "": is no name of a user`, ""},
		{"a user over two lines", "[admin]\nadmin = [\"a\\nb\"]\n", `wcme.toml:2:10: user "a b": is no name of a user`, ""},
		{"a host with its port", "[admin]\nhosts = [\"admin.example.org:8443\"]\n", `wcme.toml:2:10: host "admin.example.org:8443": is neither a host's name in small letters, without a port`, ""},
		{"a host in capitals", "[admin]\nhosts = [\"Admin.example.org\"]\n", `wcme.toml:2:10: host "Admin.example.org": is neither`, ""},
		{"no event", "[report]\non = []\n", "wcme.toml:2:1: the list is empty", ""},
		// of any kind
		{"a key in capitals", "CA = \"letsencrypt\"\n", `wcme.toml:1:1: there is no key "CA"`, `did you mean "ca"?`},
		{"a table in capitals", "[Renew]\nat = \"03:00\"\n", `wcme.toml:1:2: there is no key "Renew"`, `did you mean "renew"?`},
		{"a key of a table in capitals", target + "Mode = \"0640\"\n", `wcme.toml:4:1: there is no key "Mode"`, `did you mean "mode"?`},
		{"a key of an inline table in capitals", "renew = {At = \"03:00\"}\n", `wcme.toml:1:10: there is no key "At"`, `did you mean "at"?`},
		{"a table for a text", "[key]\n", "wcme.toml:1:2: table given where string or list is wanted", ""},
		{"a table for a list", "[contact]\n", "wcme.toml:1:2: table given where list is wanted", ""},
		{"a list for a text", "proxy = [\"x\"]\n", "wcme.toml:1:1: list given where string is wanted", ""},
	} {
		_, err := config.Parse("wcme.toml", []byte(row.text))
		if err == nil {
			t.Errorf("%s: no error", row.what)
			continue
		}
		if !strings.HasPrefix(err.Error(), row.says) || !strings.Contains(acmecore.HintOf(err), row.hint) {
			t.Errorf("%s: got %q, hint %q; want %q, hint %q", row.what, err, acmecore.HintOf(err), row.says, row.hint)
		}
		if refusedWell(t, err); strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: the error shows what it must not: %q", row.what, err)
		}
	}
}
