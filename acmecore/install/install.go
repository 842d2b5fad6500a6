// Package install puts a certificate and its key where servers want them: the
// targets of [[install]], the original's WCME_CERT.
//
// A Target is a directory, a format, names of files, and rights. Put brings its
// files into line with a Pair and writes nothing when they are, so it is called on
// each pass; Look says how they stand. Save before a Put, and PutBack after a load
// that failed, is the way back.
//
// # Formats
//
//	combined   fullchain_{name}.pem   the chain, then the key: the original's
//	haproxy    {host}.pem             the key, then the chain
//	pkcs12     {name}.p12             both, encrypted with a password
//	template   {name}.pem             what a text/template makes of them
//	split      fullchain_{name}.pem   the chain, and in key_{name}.pem the key
//	der        {name}.der             the leaf, and in {name}.key the key, PKCS #8
//
// Other names are given as patterns with {name} (www_example_org), {host}
// (www.example.org), {NAME} and {HOST} (in capitals) in them. The original's for
// VMS is FULLCHAIN_{NAME}.PEM; wuCME's are wucme_c_{name}.pem and
// wucme_k_{name}.pem. {key} is the kind of key in a word, ecdsa or rsa: with
// {host}.pem.{key}, HAProxy takes the two of a host for one bundle.
//
// # Without a key
//
// Where the key is elsewhere, because the certificate was obtained by a request that was
// made there, the formats split and der have their first file alone, which is no link, and
// a template may make whatever has no key in it. The other formats are refused.
//
// # Key and certificate never disagree
//
// One file is replaced by one rename. Two files are links into a directory of
// versions, and one rename switches both:
//
//	fullchain_x.pem → .wcme/fullchain_x.pem/current/fullchain_x.pem
//	key_x.pem       → .wcme/fullchain_x.pem/current/key_x.pem
//	.wcme/fullchain_x.pem/current → 000002
//	.wcme/fullchain_x.pem/000001/{fullchain_x.pem,key_x.pem}
//	.wcme/fullchain_x.pem/000002/{fullchain_x.pem,key_x.pem}
//
// The current version and the one before it stay. Two files that are there already
// become links to copies of themselves before the switch, so that they agree then
// too; only where one of them is missing, or is a link to elsewhere, there are two
// renames at the first time. A server that reads one file before the switch and
// the other after it still sees two versions: wCME does not load while it installs.
//
// Plain is for where links cannot be: FAT, directories that are copied into a
// chroot. There the key is renamed first and the certificate at once after it, so
// that a certificate which looks new has its key. A kill between the two leaves
// them in disagreement, which Look reports and the next Put repairs.
//
// # Rights
//
// Owner, group and mode that are not stated are kept from the file that is there;
// for a file that is new they are the process's own, and 0600, or 0644 for a
// certificate without its key. What holds a key is never readable by everybody: a
// mode that says so is refused when it is stated, and narrowed when it is kept. A
// file gets its rights while it is empty. Access control lists are the directory's
// default ones; those of the file that is replaced are not kept.
//
// Others may have planted a file in a directory that they may write to. So rights
// of a file with a key are kept there only when it belongs to root, to wCME's
// user, or to the directory's owner; otherwise they must be stated.
//
// # Links and what else is in the way
//
// The directory is opened once, and everything happens in what was opened, so that
// nobody can slip another one in. On the way to it a symbolic link is followed if
// it belongs to root or wCME's user and stands where only these can change it: one
// that the administrator made. A link in the place of a file is replaced and never
// followed, whoever made it; a directory, a FIFO or a device is an error.
package install

import (
	"crypto"
	"crypto/x509"
	"io/fs"

	"wcme/acmecore"
)

// Format is the shape of a target's files.
type Format string

// The formats.
const (
	Combined  Format = "combined"
	Split     Format = "split"
	HAProxy   Format = "haproxy"
	PKCS12    Format = "pkcs12"
	DER       Format = "der"
	Templated Format = "template"
)

// Formats lists all formats, the default first.
func Formats() []Format { return []Format{Combined, Split, HAProxy, PKCS12, DER, Templated} }

// Target is one place that certificates are installed in.
type Target struct {
	Name   string // as the configuration calls it
	Dir    string // absolute
	Format Format // "" is Combined
	// File and KeyFile are patterns, see the package's comment; "" is the format's.
	// KeyFile is for the formats with two files alone.
	File, KeyFile string
	// Owner and Group are names, or numbers; "" keeps those of the file that is there.
	Owner, Group string
	// Mode and KeyMode are permissions; 0 keeps those of the file that is there.
	// KeyMode is that of the key's own file in the formats with two.
	Mode, KeyMode fs.FileMode
	// Plain writes two files and no links.
	Plain bool
	// Password is asked for that of PKCS12, which alone needs it.
	Password func() (string, error)
	// Template is the text of Templated, for text/template. Its fields are .Name and
	// .Host (as in patterns), .Names, and as PEM .Leaf, .Chain (what issued the leaf,
	// without it), .FullChain and .Key. It makes one file.
	Template string
	// Step, when set, is called at each point of what changes something, as package
	// durable has them: "create" (before a temporary file or a version is made),
	// "rename" (before each change that others can see), "renamed" (and before the
	// directory is synced), "synced", and "remove" (before an old version is). Path
	// is what it is about. Tests look at the directory then, or kill.
	Step func(point, path string)

	// The certificate that the files are of; see of.
	algorithm string // {key} of patterns
	keyless   bool
}

// Pair is a certificate with its chain, and its key.
type Pair struct {
	ID        acmecore.ID
	Names     []acmecore.Name // the first one is {host}
	Key       []byte          // PEM, PKCS #8
	FullChain []byte          // PEM, the leaf first
	// Keyless says that the key is elsewhere, and that there is none in the pair.
	Keyless bool
	// Signer and Chain are the two as whoever made the pair has read them; nil where
	// nobody has.
	Signer crypto.Signer
	Chain  []*x509.Certificate
}

// String hides the key from whoever prints a pair.
func (p Pair) String() string { return string(p.ID) }

// GoString does the same for %#v.
func (p Pair) GoString() string { return p.String() }

// format is the format with its default.
func (t Target) format() Format {
	if t.Format == "" {
		return Combined
	}
	return t.Format
}

// two tells whether the target has the key in a file of its own.
func (t Target) two() bool { return t.format() == Split || t.format() == DER }

// links tells whether the target's files are links.
func (t Target) links() bool { return t.two() && !t.Plain && !t.keyless }
