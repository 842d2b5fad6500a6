package verify

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"wcme/acmecore"
)

// visit is what is known of one place from one try to the next.
type visit struct {
	*round
	endpoint acmecore.Endpoint
	single   bool // the server has no certificate of the other kind of key
	newer    bool // the server does not speak TLS 1.2, by which alone it can be asked for that
}

// The kinds of key that a visitor takes, as the cipher suites of TLS 1.2 name them.
// Those without ECDHE, by which a key signs nothing, are left out: browsers do too.
const (
	anyKey   = "_ECDHE_"
	rsaKey   = "_ECDHE_RSA_"
	ecdsaKey = "_ECDHE_ECDSA_" // and Ed25519
)

// try asks once.
func (v *visit) try(ctx context.Context) acmecore.Proof {
	ctx, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	first, trouble := v.meet(ctx, anyKey)
	proof := v.judge(first, trouble)
	if proof.Answer != acmecore.ServesOther || v.fingerprint == "" || v.single {
		return v.orTwin(proof)
	}
	kind := rsaKey
	if first[0].PublicKeyAlgorithm == x509.RSA {
		kind = ecdsaKey
	}
	second, trouble := v.meet(ctx, kind)
	// One that has only the first is not asked for the other again, which it may log.
	v.single, v.newer = trouble != nil && trouble.alert, trouble != nil && trouble.newer
	if other := v.judge(second, trouble); other.Answer == acmecore.Serves {
		return other
	}
	return v.orTwin(proof)
}

// orTwin takes the certificate with the other kind of key for the one that was looked
// for, where the server cannot be asked for that.
func (v *visit) orTwin(proof acmecore.Proof) acmecore.Proof {
	if !v.newer || proof.Answer != acmecore.ServesOther || !slices.Contains(v.twins, proof.Fingerprint) {
		return proof
	}
	return acmecore.Proof{Endpoint: proof.Endpoint, At: proof.At, Answer: acmecore.Serves, Fingerprint: v.fingerprint,
		Hint: "the server speaks TLS 1.3 alone and was seen to serve the certificate with the other kind of key: that it serves both cannot be seen"}
}

// meet connects, makes a handshake as a visitor who takes that kind of key, and
// returns what the server presents.
func (v *visit) meet(ctx context.Context, kind string) (chain []*x509.Certificate, t *trouble) {
	conn, err := v.dial(ctx, "tcp")
	if err != nil {
		return nil, v.unconnected(ctx, err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })() // wakes whoever reads or writes
	if opening := openingOf(v.endpoint.Protocol); opening != nil {
		if trouble := opening(newTalk(conn)); trouble != nil {
			return nil, trouble
		}
	}
	return v.handshake(conn, kind)
}

func (v *visit) dial(ctx context.Context, network string) (net.Conn, error) {
	dial := v.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	return dial(ctx, network, net.JoinHostPort(v.endpoint.Address, strconv.Itoa(v.endpoint.Port)))
}

// handshake takes a certificate for presented when its key has signed. That is so
// where the handshake succeeds, and where the server then demands a certificate of
// the visitor, who has none.
func (v *visit) handshake(conn net.Conn, kind string) (chain []*x509.Certificate, t *trouble) {
	signed := false
	config := v.config(kind)
	config.VerifyConnection = func(state tls.ConnectionState) error {
		chain = state.PeerCertificates
		return nil
	}
	config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		signed = true
		return new(tls.Certificate), nil
	}
	client := tls.Client(conn, config)
	err := client.Handshake()
	if err != nil && !signed {
		return nil, v.unshaken(chain, err)
	}
	if err == nil {
		leave(client, v.endpoint.Protocol)
	}
	return chain, nil
}

// config is that of a visitor who shakes hands with everybody: what he is shown is
// compared with the fingerprint of what should be, which says more than a chain to
// some root.
func (v *visit) config(kind string) *tls.Config {
	config := &tls.Config{ServerName: string(v.endpoint.Name), InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}
	if v.endpoint.Port == httpsPort && v.endpoint.Protocol == "" {
		config.NextProtos = []string{"h2", "http/1.1"}
	}
	if kind != anyKey {
		config.MaxVersion = tls.VersionTLS12
	}
	for _, suite := range tls.CipherSuites() {
		if strings.Contains(suite.Name, kind) {
			config.CipherSuites = append(config.CipherSuites, suite.ID)
		}
	}
	return config
}

// judge makes a proof of what was met.
func (v *visit) judge(chain []*x509.Certificate, t *trouble) acmecore.Proof {
	proof := acmecore.Proof{Endpoint: v.endpoint, At: time.Now(), Answer: acmecore.ServesOther}
	if t != nil {
		proof.Answer, proof.Problem, proof.Hint = t.answer, t.problem, t.hint
		return proof
	}
	leaf := chain[0]
	digest := sha256.Sum256(leaf.Raw)
	proof.Fingerprint, proof.Serial, proof.NotAfter = hex.EncodeToString(digest[:]), serialOf(leaf), leaf.NotAfter
	switch {
	case v.fingerprint == "":
	case strings.EqualFold(proof.Fingerprint, v.fingerprint):
		proof.Answer, proof.Hint = acmecore.Serves, chainHint(chain)
	default:
		proof.Problem, proof.Hint = otherThan(leaf, string(v.endpoint.Name))
	}
	return proof
}
