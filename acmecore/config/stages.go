package config

// Renew is when certificates are renewed.
type Renew struct {
	// The time of the daily pass over all certificates, HH:MM, local time. What
	// cannot wait for it has its own time: a certificate that its CA asks to renew
	// earlier, one that lives for less than ten days, and whatever has failed.
	At TimeOfDay `toml:"at" default:"\"00:20\""`
	// How much later than that the pass may begin, so that not every host in the
	// world asks the CA at the same moment: each day another time up to this.
	// "0s" to "6h".
	Jitter Duration `toml:"jitter" default:"\"10m\""`
	// How long before its end a certificate is renewed: "30d", "36h". It takes the
	// place of the renewal information of the CA (RFC 9773) and of wCME's own rule,
	// a third of the certificate's life and half where it lives for less than ten
	// days, which are in force while it is empty. "1h" to "365d".
	Before Duration `toml:"before" example:"\"30d\""`
	// How many certificates are ordered from one CA, and in which time, however
	// many are due. Orders from the pages keep to it as well; those of the command
	// line count, and wait for nobody. The default is Let's Encrypt's limit for one
	// account.
	Orders Orders `toml:"orders" default:"\"300/3h\""`
	// How many attempts in a row must fail, through no fault of the certificate's, before
	// the next CA of a `ca` that lists several is asked: 1 to 10. A CA is at fault that
	// cannot be reached, that wants something of the account, that asks for more patience
	// than the certificate has, or that CAA records exclude. Another one is asked only where
	// there is an account at it and CAA records permit it; at the next renewal the first
	// one is asked again.
	Failover int `toml:"failover" default:"4"`
	// Whether no order is placed that a CA would refuse by the limits that it has
	// published, which are Let's Encrypt's. Set it to false where the CA has raised yours.
	Limits *bool `toml:"limits,omitempty" default:"true"`
}

// HeedsLimits tells whether the published limits of CAs are heeded.
func (r Renew) HeedsLimits() bool { return r.Limits == nil || *r.Limits }

// Install is a target: a directory that certificates are installed in, as a
// server wants to read them. A target takes a certificate when `certificates` is
// absent or names it, and when the certificate's own record has no `install` or
// names the target in it.
type Install struct {
	// What records, load actions, pages and reports call it: small letters, digits,
	// "-" and "_", at most 64.
	Name Label `toml:"name" example:"\"nginx\""`
	// The directory, which must be there already. Those that wCME itself keeps certificates,
	// keys and challenges in are none.
	Dir Dir `toml:"dir" example:"\"/etc/nginx/certificates\""`
	// What is written there. "combined": one file with the chain and then the key.
	// "split": one with the chain, another with the key. "haproxy": one file, as
	// HAProxy wants it. "pkcs12": one file under a password. "der": the certificate
	// alone and the key, in binary. "template": one file that you describe.
	Format Format `toml:"format" default:"\"combined\""`
	// The name of the file, in which {name} stands for the certificate
	// (www_example_org), {host} for its first host name (www.example.org), and {NAME}
	// and {HOST} for the same in capitals, and {key} for the kind of key, ecdsa or rsa:
	// "{host}.pem.{key}" is what HAProxy wants of two for one host. Otherwise it is fullchain_{name}.pem for
	// "combined" and "split", {host}.pem for "haproxy", {name}.p12 for "pkcs12",
	// {name}.der for "der" and {name}.pem for "template".
	File Pattern `toml:"file,omitempty" example:"\"fullchain_{name}.pem\""`
	// The name of the key's file, where the format has one: otherwise
	// key_{name}.pem for "split" and {name}.key for "der".
	KeyFile Pattern `toml:"key_file,omitempty" example:"\"key_{name}.pem\""`
	// The user, the group, or both, that the files shall belong to: "root",
	// ":ssl-cert", "root:ssl-cert". What it does not say stays as it is with the
	// file that is there, and is the overseer's own for a new one.
	Owner Owner `toml:"owner,omitempty" example:"\"root:ssl-cert\""`
	// The mode of the file. While it is empty it stays as it is with the file that
	// is there; a new one gets "0600", or "0644" where it holds no key. A file with a
	// key must be closed to every other user, "0640" at most.
	Mode Mode `toml:"mode,omitempty" example:"\"0640\""`
	// The same for the key's file, where the format has one.
	KeyMode Mode `toml:"key_mode,omitempty" example:"\"0640\""`
	// Whether the two files of "split" and "der" are links into a directory .wcme
	// beside them, so that one step switches both to a new version. With false they
	// are plain files, which are replaced one after the other: for places where links
	// cannot be followed.
	Links *bool `toml:"links,omitempty" default:"true"`
	// The file with the password of "pkcs12", on one line: the name of a credential
	// that systemd gives the overseer (LoadCredential=), or else a path, relative to
	// the state directory. A file that every user can read is refused.
	PasswordFile Path `toml:"password_file,omitempty" example:"\"etc/p12-password\""`
	// The file with the text of "template", in the language of Go's text/template,
	// relative to the state directory. It may use .Name, .Host, .Names, and as PEM
	// .Leaf, .Chain (its issuers), .FullChain and .Key.
	Template Path `toml:"template,omitempty" example:"\"etc/mail.tmpl\""`
	// The certificates that are installed here, each by its name in `wcme list` or
	// by its first host name. While this is absent, all of them; an empty list is
	// none.
	Certificates []Which `toml:"certificates,omitzero" example:"[\"www_example_org\", \"mail.example.org\"]"`
}

// Load is a load action, which makes a server read the certificates that were
// installed. Actions run in their order in this file, once for all certificates
// of a run. An action belongs to a certificate when the certificate's own record
// has no `load` or names the action in it, and when `install` below is absent or
// names a target that the certificate is installed in.
type Load struct {
	// What records, pages and reports call it: small letters, digits, "-" and "_",
	// at most 64.
	Name Label `toml:"name" example:"\"servers\""`
	// What is run. "+" is the standard load: it finds the servers that run on this
	// host, tests the configuration of each, and reloads it gracefully. A list is a
	// program, by its absolute path, and its arguments: ["/usr/sbin/postfix",
	// "reload"]. Any other text is given to /bin/sh -c.
	Run Command `toml:"run" example:"\"+\""`
	// How long it may take before it is ended: "1s" to "1h".
	Timeout Duration `toml:"timeout" default:"\"60s\""`
	// The user that it runs as, in place of the overseer's own; for that the
	// overseer must run as root. The standard load has none: it signals servers.
	User Account `toml:"user,omitempty" example:"\"www-data\""`
	// The targets that it is for: it runs only when one of them was changed. While
	// this is absent it runs whatever was changed.
	Install []Label `toml:"install,omitzero" example:"[\"nginx\"]"`
}

// Verify is how wCME makes sure that visitors are served what was installed: it
// connects as they do, by every name of the certificate.
type Verify struct {
	// The ports where visitors come, at every address of each name. "25/smtp",
	// "587/smtp", "143/imap" and "110/pop3" begin with that protocol's STARTTLS; a
	// number alone is TLS at once. With [] nothing is verified.
	Ports []Port `toml:"ports" default:"[\"443\"]"`
	// The addresses to connect to, in place of those that the DNS has for the names:
	// for hosts behind a proxy or a balancer. One may have a port of its own, which
	// takes the place of those above.
	Probe []Address `toml:"probe" example:"[\"192.0.2.1\", \"[2001:db8::1]:8443\"]"`
	// How long a server may take to serve what it has loaded: "1s" to "5m".
	Patience Duration `toml:"patience" default:"\"30s\""`
	// Whether the overseer asks once a day for a challenge of its own through each
	// managed name, as a CA would, and reports when that no longer gets here.
	Challenge *bool `toml:"challenge,omitempty" default:"true"`
}

// AsksForChallenges tells whether challenges of our own are asked for each day.
func (v Verify) AsksForChallenges() bool { return v.Challenge == nil || *v.Challenge }

// Report is who is told of what happened, and how.
type Report struct {
	// Mail addresses that reports are sent to. A name alone, as root, is a user of this
	// host. WCME_MAIL in the overseer's environment, separated by commas, takes their
	// place.
	Mail []Recipient `toml:"mail" example:"[\"system@example.org\", \"root\"]"`
	// The address that they come from; wcme@ and the name of this host while it is
	// empty.
	From Sender `toml:"from" example:"\"wcme@www.example.org\""`
	// The mail server, HOST:PORT. While it is empty, the local sendmail is used.
	Server Server `toml:"server" example:"\"smtp.example.org:587\""`
	// How the connection to the mail server is protected: "starttls", which is never
	// done without; "tls" at once, as port 465 wants it; or "none", for a server on
	// this host or in a network that you trust.
	TLS Encryption `toml:"tls" default:"\"starttls\""`
	// The user that the mail server knows wCME as, where it asks for one.
	User Login `toml:"user" example:"\"wcme@example.org\""`
	// The file with that user's password, on one line: the name of a credential that
	// systemd gives the overseer (LoadCredential=), or else a path, relative to the
	// state directory. A file that every user can read is refused.
	PasswordFile Path `toml:"password_file" example:"\"etc/smtp-password\""`
	// The program that takes a mail where there is no server.
	Sendmail Program `toml:"sendmail" default:"\"/usr/sbin/sendmail\""`
	// The syslog facilities, or the journal where there is one, that each report is
	// logged to in a line: "daemon", "auth", "authpriv", "cron", "ftp", "lpr",
	// "mail", "news", "syslog", "user", "uucp", "local0" to "local7"; ["none"] for
	// none. WCME_OPCOM in the overseer's environment, separated by commas, takes
	// their place.
	Opcom []Facility `toml:"opcom" default:"[\"daemon\"]"`
	// URLs that reports are posted to: JSON to an http or https URL, a message to a
	// chat service by its own scheme, such as slack://, discord:// or ntfy://. They
	// are secrets, and never printed.
	Webhooks []Webhook `toml:"webhooks" example:"[\"https://hooks.example.org/wcme\"]"`
	// What is reported: "renewed", "failed", "not served", "expiring" (however it
	// came to that), "recovered" (of what was reported before), "crashed" (the
	// overseer ended otherwise than by being told to).
	On []Occasion `toml:"on" default:"[\"renewed\", \"failed\", \"not served\", \"expiring\", \"recovered\", \"crashed\"]"`
}
