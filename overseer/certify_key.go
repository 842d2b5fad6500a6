package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/spf13/pflag"

	"wcme/acmecore"
	"wcme/acmecore/config"
	"wcme/acmecore/control"
	"wcme/acmecore/keys"
)

// certifyKeyLong is what the help of certify says of keys.
const certifyKeyLong = `--key ec256,rsa2048 makes two certificates for the names, one with each kind of key: the
first is the certificate's own, and each further one stands beside it under its ID with
the kind at the end, as www_example_org_rsa2048. Each is installed, renewed, revoked and
listed for itself; what goes wrong with one keeps no other from its way.

A renewed certificate gets a new key each time. With --reuse-key it keeps the one that it
has; --reuse-key=false ends that. --key-file FILE brings a key that was made elsewhere,
PEM and not encrypted, which nobody but its owner and group may read. It then stays at
renewals, as with --reuse-key; say --reuse-key=false too where it is for one time alone.
An order that fails leaves nothing of it.

--csr FILE takes a certificate signing request that was made elsewhere, PEM or DER. The
key never comes here: the names are those of the request, the certificate is installed by
formats without a key, split and der, and renewed with the same request until another one
is given. The request is kept beside the certificate's record.`

// keyFlags are the flags of certify that say something of the key and the request.
type keyFlags struct {
	kinds, keyFile, csr   string
	reuseKey, mustStaple  bool
	set                   *pflag.FlagSet
	validity, chain, ways string
}

func (f *keyFlags) declare(flags *pflag.FlagSet) {
	f.set = flags
	flags.StringVar(&f.kinds, "key", "", "the kind of key, ec256, ec384, rsa2048, rsa3072 or rsa4096, in place of the one so far; several, separated by commas, make a certificate each")
	flags.StringVar(&f.keyFile, "key-file", "", "a file with the private key that it shall have, PEM")
	flags.StringVar(&f.csr, "csr", "", "a file with a certificate signing request that was made elsewhere, PEM or DER")
	flags.BoolVar(&f.reuseKey, "reuse-key", false, "keep the key at renewals; --reuse-key=false makes a new one each time, as at first")
	flags.BoolVar(&f.mustStaple, "must-staple", false, "ask for the extension \"must staple\" (RFC 7633), which few CAs still give; --must-staple=false does not")
	flags.StringVar(&f.validity, "validity", "", "how long it shall be valid, as in 30d, where the CA lets that be chosen")
	flags.StringVar(&f.chain, "chain", "", "the issuer of the chain wanted, by its common name or the SHA-256 fingerprint of its certificate")
	flags.StringVar(&f.ways, "challenge", "", "the methods that the names may be proved by, in that order and separated by commas: http-01, dns-01, tls-alpn-01")
}

// refuseEmpty refuses a flag with nothing in it, as a script gives one whose variable is not
// set: it would say what no flag says, and be taken for more.
func refuseEmpty(flags *pflag.FlagSet) (err error) {
	flags.Visit(func(flag *pflag.Flag) {
		if err == nil && flag.Value.String() == "" {
			err = &acmecore.Error{Kind: acmecore.Invalid, Op: "certify --" + flag.Name, Cause: errors.New("it is empty"),
				Hint: "give a value, or leave it out; what the certificate shall not have any more is removed from its record in etc/certificates"}
		}
	})
	return err
}

// fill adds to the request what the flags say.
func (f *keyFlags) fill(request *control.CertifyRequest) error {
	if err := refuseEmpty(f.set); err != nil {
		return err
	}
	request.Chain = f.chain
	if f.set.Changed("reuse-key") {
		request.ReuseKey = &f.reuseKey
	}
	if f.set.Changed("must-staple") {
		request.MustStaple = &f.mustStaple
	}
	var validity config.Duration
	if err := validity.UnmarshalText([]byte(f.validity)); err != nil {
		return err
	}
	request.Validity = validity.Duration
	for _, step := range []func(*control.CertifyRequest) error{f.fillKinds, f.fillWays, f.fillFiles} {
		if err := step(request); err != nil {
			return err
		}
	}
	return nil
}

func (f *keyFlags) fillKinds(request *control.CertifyRequest) error {
	for _, text := range chosen(f.kinds) {
		kind, err := acmecore.ParseKeyType(text)
		if err != nil {
			return err
		}
		request.Keys = append(request.Keys, kind)
	}
	return nil
}

func (f *keyFlags) fillWays(request *control.CertifyRequest) error {
	for _, text := range chosen(f.ways) {
		method, err := acmecore.ParseMethod(text)
		if err != nil {
			return err
		}
		request.Challenge = append(request.Challenge, method)
	}
	return nil
}

// fillFiles reads the files. What is wrong with a request is said here, before anybody
// else is asked.
func (f *keyFlags) fillFiles(request *control.CertifyRequest) (err error) {
	if f.keyFile != "" {
		if request.PrivateKey, err = readInput("key-file", f.keyFile, true); err == nil {
			_, err = keys.Import(request.PrivateKey)
		}
	}
	if err != nil || f.csr == "" {
		return err
	}
	if request.CSR, err = readInput("csr", f.csr, false); err != nil {
		return err
	}
	parsed, err := keys.ParseRequest(request.CSR)
	if err != nil {
		return err
	}
	request.CSR = parsed.DER
	if len(request.Names) == 0 {
		request.Names = parsed.Names
	}
	return nil
}

// maxInput is how long a file with a key or a request may be, in bytes.
const maxInput = 256 << 10

// readInput reads a file that a flag names. One that every user can read is no secret.
func readInput(flag, path string, secret bool) ([]byte, error) {
	problem := func(cause error, hint string) error {
		return &acmecore.Error{Kind: acmecore.Invalid, Op: "certify --" + flag, Subject: path, Cause: cause, Hint: hint}
	}
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, problem(errors.Unwrap(err), "give a file that this user may read")
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, problem(err, "")
	case !info.Mode().IsRegular():
		return nil, problem(errors.New("it is no file"), "give the path of a file")
	case secret && info.Mode().Perm()&0o007 != 0:
		return nil, problem(errors.New("every user of this host can read it"), "chmod o= "+path+", and make another key if it was not so from the beginning")
	}
	text, err := io.ReadAll(io.LimitReader(file, maxInput+1))
	if err == nil && len(text) > maxInput {
		err = fmt.Errorf("it is longer than %d bytes", maxInput)
	}
	if err != nil {
		return nil, problem(err, "")
	}
	return text, nil
}
