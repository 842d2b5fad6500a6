package faults_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"wcme/deploy/lab"
)

// watch begins to look at what servers read (I1, I8).
func (h *host) watch() {
	h.old = h.serial(h.product())
	pairs := []lab.Pair{{Certificate: h.product()}}
	if h.delivered {
		pairs = append(pairs, lab.Pair{Certificate: h.path("combined", chain)}, lab.Pair{Certificate: h.path("loaded.pem")},
			lab.Pair{Certificate: h.path("split", chain), Key: h.path("split", key)})
		h.plain = lab.StartSampler(h, lab.Pair{Certificate: h.path("plain", chain), Key: h.path("plain", key)})
	}
	h.sampler = lab.StartSampler(h, pairs...)
}

// The files in targets.
const (
	chain = "fullchain_" + id + ".pem"
	key   = "key_" + id + ".pem"
)

func (h *host) product() string { return h.path("state", "ssl", chain) }

// leaf reads the first certificate of a file; nil when there is none.
func leaf(path string) *x509.Certificate {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil
	}
	return certificate
}

// serial is that of the first certificate in a file; "" when there is none.
func (h *host) serial(path string) string {
	if certificate := leaf(path); certificate != nil {
		return certificate.SerialNumber.Text(16)
	}
	return ""
}

// accountKey is a sum of the account's key.
func (h *host) accountKey() string {
	h.Helper()
	found, err := filepath.Glob(h.path("state", "priv", "accounts", "*", "current", "key.pem"))
	if err != nil || len(found) != 1 {
		h.Fatalf("I2: accounts: got %q, %v; want one", found, err)
	}
	text, err := os.ReadFile(found[0])
	if err != nil {
		h.Fatal(err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// lacks says what is still to be done before everything is in service; nil when it
// is.
func (h *host) lacks() error {
	fresh := h.serial(h.path("state", "priv", "certificates", id, "current", "fullchain.pem"))
	if fresh == "" || fresh == h.old {
		return errors.New("the certificate is not obtained")
	}
	files := []string{h.product()}
	if h.delivered {
		files = append(files, h.path("combined", chain), h.path("split", chain), h.path("plain", chain), h.path("loaded.pem"))
	}
	for _, file := range files {
		if got := h.serial(file); got != fresh {
			return fmt.Errorf("%s has %s, not %s", file, got, fresh)
		}
	}
	if len(h.renewed()) == 0 {
		return errors.New("nobody was told")
	}
	if err := h.untold(); err != nil {
		return err
	}
	return h.leftOver()
}

// untold returns an error while it is not noted that the administrator was told of the
// certificate. Until then he may be told once more, and an end while he is told would
// repeat that, too.
func (h *host) untold() error {
	text, err := os.ReadFile(h.path("state", "priv", "standing", id+".json"))
	if err != nil {
		return err
	}
	var standing struct{ Told string }
	if err := json.Unmarshal(text, &standing); err != nil {
		return err
	}
	certificate := leaf(h.product())
	if certificate == nil {
		return errors.New("there is no certificate")
	}
	sum := sha256.Sum256(certificate.Raw)
	if standing.Told != hex.EncodeToString(sum[:]) {
		return errors.New("it is not noted who was told")
	}
	return nil
}

// leftOver says what is there that is only needed on the way; nil when that is
// nothing (I4).
func (h *host) leftOver() error {
	var found []string
	for _, pattern := range []string{"www/[^.]*", "priv/orders/*", "priv/load.json", "priv/spool/2*", "priv/accounts/*/pending"} {
		matches, err := filepath.Glob(h.path("state", pattern))
		if err != nil {
			return err
		}
		found = append(found, matches...)
	}
	err := filepath.WalkDir(h.dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && halfMade.MatchString(entry.Name()) {
			found = append(found, path)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	if len(found) > 0 {
		err = errors.Join(err, fmt.Errorf("left over: %q", found))
	}
	return err
}

// halfMade are the names of what is not finished: see durable.IsHalfMade.
var halfMade = regexp.MustCompile(`^\..*([0-9]|\.gone)$`)

// renewed are the mails that tell of the renewal.
func (h *host) renewed() (mails []lab.MailMessage) {
	for _, message := range h.mail.Messages()[h.mark.mails:] {
		if strings.Contains(message.Text, id+" renewed") {
			mails = append(mails, message)
		}
	}
	return mails
}

// checkKilled looks at what a kill has left: keys are nobody else's to read (I9).
func (h *host) checkKilled() {
	h.Helper()
	err := filepath.WalkDir(h.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || h.isServers(path) {
			return err
		}
		text, errText := os.ReadFile(path)
		info, errInfo := os.Stat(path)
		if err := errors.Join(errText, errInfo); err != nil {
			return err
		}
		wanted := fs.FileMode(0o600)
		if strings.HasPrefix(path, h.path("combined")) {
			wanted = 0o640
		}
		if mode := info.Mode().Perm(); bytes.Contains(text, []byte("PRIVATE KEY")) && mode&^wanted != 0 {
			h.Errorf("I9: %s has a key in it, and its mode is %v", path, mode)
		}
		return nil
	})
	if err != nil {
		h.Error(err)
	}
}

// isServers tells whether a file is one that the load action has made.
func (h *host) isServers(path string) bool {
	return strings.HasPrefix(path, h.path("loads")) || strings.HasPrefix(path, h.path("loaded"))
}

// checkProcesses looks for processes that the overseer has, or a killed one had (I4).
func (h *host) checkProcesses(overseer int) {
	h.Helper()
	output, _ := exec.Command("ps", "-o", "pid=,args=", "--ppid", strconv.Itoa(overseer)).Output() // 1 for none
	if children := strings.TrimSpace(string(output)); children != "" {
		h.Errorf("I4: processes of the overseer: %s", children)
	}
	if pid := h.blocked(); pid != 0 {
		h.Errorf("I4: the load action of the killed one still runs: process %d", pid)
	}
}

// checkEnd looks at all that has happened, once it is over.
func (h *host) checkEnd(p point) {
	h.Helper()
	h.checkNothingDue()
	h.checkKilled()
	if err := h.leftOver(); err != nil {
		h.Errorf("I4: %v", err)
	}
	h.checkPairs()
	h.checkAccount()
	h.checkStored()
	h.checkMails(max(p.mails, 1))
	h.checkOrders(max(p.orders, 1))
	h.checkRequests()
	h.checkLoads(max(p.loads, 1))
}

// checkPairs ends the looks at what servers read. In two plain files a key may for
// a while be without its certificate: then the load must not see it.
func (h *host) checkPairs() {
	h.Helper()
	for _, failure := range h.sampler.Stop().Failures {
		h.Errorf("I1: %s", failure)
	}
	if h.plain == nil {
		return
	}
	for _, failure := range h.plain.Stop().Failures {
		if !strings.Contains(failure, "private key does not match public key") {
			h.Errorf("I1: %s", failure)
		}
	}
}

// checkAccount counts accounts (I2).
func (h *host) checkAccount() {
	h.Helper()
	if got := h.accountKey(); got != h.key {
		h.Error("I2: the account has another key")
	}
	if got := strings.Count(h.pebbleLog(), " accounts in memory"); got > 1 || got == 1 && h.site.key != "" {
		h.Errorf("I2: the CA has %d more accounts", got)
	}
}

func (h *host) pebbleLog() string { return h.pebble.Log()[h.mark.pebble:] }

// issued finds certificates in Pebble's log.
var issued = regexp.MustCompile(`Issued certificate serial ([0-9a-f]+) `)

// checkStored looks for each certificate that the CA has issued (I3).
func (h *host) checkStored() {
	h.Helper()
	stored := make(map[string]bool)
	versions, err := filepath.Glob(h.path("state", "priv", "certificates", id, "0*"))
	if err != nil {
		h.Fatal(err)
	}
	for _, version := range versions {
		if _, err := tls.LoadX509KeyPair(filepath.Join(version, "fullchain.pem"), filepath.Join(version, "key.pem")); err != nil {
			h.Errorf("I1: version %s: %v", version, err)
		}
		stored[h.serial(filepath.Join(version, "fullchain.pem"))] = true
	}
	for _, match := range issued.FindAllStringSubmatch(h.pebbleLog(), -1) {
		serial, _ := new(big.Int).SetString(match[1], 16)
		if !stored[serial.Text(16)] {
			h.Errorf("I3: the certificate %s is lost", match[1])
		}
	}
	if h.old != "" && !stored[h.old] {
		h.Errorf("C33: the version before is lost")
	}
}

// checkMails looks at what the administrator was told (I6).
func (h *host) checkMails(most int) {
	h.Helper()
	mails := h.renewed()
	ids := make(map[string]bool)
	for _, message := range mails {
		ids[messageID.FindString(message.Text)] = true
	}
	if len(mails) == 0 || len(mails) > most || len(ids) != 1 {
		h.Errorf("I6: got %d mails of the renewal, with the ids %v; want 1 to %d, with one", len(mails), ids, most)
	}
	crashes := 0
	for _, message := range h.mail.Messages()[h.mark.mails:] {
		if strings.Contains(message.Text, "PRIVATE KEY") {
			h.Errorf("I6: a key is in a mail")
		}
		if strings.Contains(message.Text, "Subject: ") && strings.Contains(message.Text, "started after a crash") {
			crashes++
		} else if !strings.Contains(message.Text, id+" renewed") {
			h.Errorf("I6: a mail that nobody expects:\n%s", message.Text)
		}
	}
	if crashes > h.crashes || crashes == 0 && h.marked {
		h.Errorf("I6: got %d mails of a crash; the overseer was killed %d times", crashes, h.crashes)
	}
}

var messageID = regexp.MustCompile(`(?mi)^Message-ID:.*$`)

// asked counts the requests of a class that have reached the CA, but for orders that are
// placed again.
func (h *host) asked(class lab.Class) (n int) {
	for _, request := range h.between.Requests()[h.mark.requests:] {
		if request.Class == class && !request.Again() {
			n++
		}
	}
	if class == h.cut {
		n--
	}
	return n
}

// checkOrders counts orders: nothing is ordered twice (I3).
func (h *host) checkOrders(most int) {
	h.Helper()
	if got := h.asked(lab.ClassNewOrder); got < 1 || got > most {
		h.Errorf("I3: got %d orders, want 1 to %d", got, most)
	}
}

// checkRequests counts what else the CA was asked (I7).
func (h *host) checkRequests() {
	h.Helper()
	for class, most := range map[lab.Class]int{lab.ClassChallenge: len(names()), lab.ClassFinalize: 1} {
		if got := h.asked(class); got > most {
			h.Errorf("I7: %s: got %d requests, want at most %d", class, got, most)
		}
	}
	if got := len(h.between.Requests()) - h.mark.requests; got > 60 {
		h.Errorf("I7: got %d requests, want at most 60", got)
	}
}

// checkLoads looks at what the load action has seen.
func (h *host) checkLoads(most int) {
	h.Helper()
	if !h.delivered {
		return
	}
	text, err := os.ReadFile(h.path("loads.log"))
	if err != nil {
		h.Fatal(err)
	}
	log := strings.TrimPrefix(string(text), "began\ndone\n") // the load before
	if began := strings.Count(log, "began"); began < 1 || began > most || !strings.Contains(log, "done") || strings.Contains(log, "beside") {
		h.Errorf("loads: got %q; want 1 to %d begun, and none beside another", log, most)
	}
	for _, pattern := range []string{"loads/*", "loads/*/plain"} {
		dirs, err := filepath.Glob(h.path(pattern))
		if err != nil || len(dirs) == 0 {
			h.Errorf("%s: %v, %v", pattern, dirs, err)
		}
		for _, dir := range dirs {
			if _, err := tls.LoadX509KeyPair(filepath.Join(dir, chain), filepath.Join(dir, key)); err != nil {
				h.Errorf("I1: what was loaded, %s: %v", dir, err)
			}
		}
	}
}

// checkNothingDue has wCME look at everything once more, which must find nothing.
func (h *host) checkNothingDue() {
	h.Helper()
	output, err := h.command("manage").CombinedOutput()
	exit := (*exec.ExitError)(nil)
	if !errors.As(err, &exit) || exit.ExitCode() != 3 {
		h.Errorf("once more: got %v, want that nothing is due:\n%s", err, output)
	}
}
