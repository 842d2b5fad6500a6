package metrics_test

import (
	"context"
	"log/slog"
	"net"
	"path/filepath"
	"testing"

	"wcme/acmecore/control"
)

// overseer answers with metrics and nothing else.
type overseer struct {
	control.Administration
	text string
}

func (o overseer) Metrics(context.Context) (string, error) { return o.text, nil }

func TestTenThousandCertificatesPassThroughTheSocket(t *testing.T) {
	want := text(t, tenThousand())
	path := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	server := &control.Server{Administration: overseer{text: want}, Script: -1, Log: slog.New(slog.DiscardHandler)}
	ended := make(chan error)
	go func() { ended <- server.Serve(ctx, listener) }()
	got, err := control.NewClient(path).Metrics(t.Context())
	if err != nil || got != want {
		t.Errorf("%d bytes, %v; want %d", len(got), err, len(want))
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
