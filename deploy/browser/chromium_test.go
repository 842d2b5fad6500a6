package browser_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"io"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// chromium is Debian's package.
const chromium = "/usr/bin/chromium"

// The size of a window, in pixels.
const width, height = 1280, 800

// patience bounds how long one thing here may take.
const patience = 60 * time.Second

// browse starts a browser with a profile of its own for the time of the test, which
// takes every name of example.test and example.org for this host, and the key of the
// PEM file for that of a certificate that it trusts. It returns its first tab.
func browse(t *testing.T, certificate string) *tab {
	t.Helper()
	if _, err := os.Stat(chromium); err != nil {
		t.Fatalf("start Chromium: %v (Debian's package chromium; `make test` as root installs it)", err)
	}
	output := new(transcript)
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(width, height), chromedp.CombinedOutput(output),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("hide-scrollbars", true),
		chromedp.Flag("allow-pre-commit-input", true), // otherwise what is clicked or typed before the first painting is lost
		chromedp.WSURLReadTimeout(patience),
		chromedp.Flag("host-resolver-rules", "MAP *.example.test 127.0.0.1, MAP *.example.org 127.0.0.1"),
		chromedp.Flag("ignore-certificate-errors-spki-list", pin(t, certificate)),
	)
	allocator, cancel := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	ctx, end := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		end()
		cancel()
		if t.Failed() {
			t.Logf("Chromium: %s", output)
		}
	})
	return newTab(t, ctx)
}

// pin is how Chromium is told of a key: SHA-256 of the SubjectPublicKeyInfo, base64.
func pin(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		t.Fatalf("%s is no PEM file", path)
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(certificate.RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// transcript is what a process has said, from whatever goroutine.
type transcript struct {
	mu   sync.Mutex
	text []byte
}

var _ io.Writer = new(transcript)

// Write leaves out that there is no D-Bus, of which Chromium says much.
func (t *transcript) Write(text []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for line := range bytes.Lines(text) {
		if !bytes.Contains(line, []byte("dbus")) {
			t.text = append(t.text, line...)
		}
	}
	return len(text), nil
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}

// witness notes what a tab complains about, and what it was answered.
type witness struct {
	mu         sync.Mutex
	complaints []string
	answers    []*network.Response // of documents and what they load
}

// see takes the events of the DevTools protocol.
func (w *witness) see(event any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		w.complaints = append(w.complaints, "exception: "+thrown(e.ExceptionDetails))
	case *runtime.EventConsoleAPICalled:
		w.complaints = append(w.complaints, "console: "+string(e.Type))
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			w.complaints = append(w.complaints, string(e.Entry.Source)+": "+e.Entry.Text+" "+e.Entry.URL)
		}
	case *network.EventResponseReceived:
		w.answers = append(w.answers, e.Response)
	}
}

func thrown(details *runtime.ExceptionDetails) string {
	if details.Exception == nil {
		return details.Text
	}
	return details.Text + " " + details.Exception.Description
}

// take returns the complaints since the last time.
func (w *witness) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	taken := w.complaints
	w.complaints = nil
	return taken
}

// answered returns all that was answered.
func (w *witness) answered() []*network.Response {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.answers)
}
