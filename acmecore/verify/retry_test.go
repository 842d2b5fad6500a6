package verify_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/verify"
)

// dialler counts and times what is dialled.
type dialler struct {
	dial  func(ctx context.Context, network, address string) (net.Conn, error)
	began time.Time

	mu            sync.Mutex
	times         []string
	now, together int
}

func (d *dialler) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	d.mu.Lock()
	d.times = append(d.times, time.Since(d.began).String())
	d.now++
	d.together = max(d.together, d.now)
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.now--
	}()
	return d.dial(ctx, network, address)
}

// blackhole takes every packet and answers none.
func blackhole(ctx context.Context, _, _ string) (net.Conn, error) {
	<-ctx.Done()
	return nil, &net.OpError{Op: "dial", Net: "tcp", Err: ctx.Err()}
}

// many are places with that many names at one address.
func many(t *testing.T, count int) verify.Places {
	t.Helper()
	places, err := placesOf(nil, []string{"192.0.2.1"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range count {
		places.Names = append(places.Names, acmecore.Name(fmt.Sprintf("host%d.example.test", i)))
	}
	return places
}

// TestVerifyAsksAgain at growing distances, in virtual time.
func TestVerifyAsksAgain(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		what     string
		tries    int // until the new certificate is served; 0 is never
		patience time.Duration
		want     acmecore.Answer
		at       string
	}{
		// The second connection of a try asks for the other kind of key, once.
		{"at once", 1, 0, acmecore.Serves, "0s"},
		{"at the third try", 3, 0, acmecore.Serves, "0s 0s 200ms"},
		{"never", 0, 0, acmecore.ServesOther, "0s 0s 200ms 600ms 1.4s 3s 6.2s 11.2s 16.2s 21.2s 26.2s 30s"},
		{"at the last try", 12, 0, acmecore.Serves, "0s 0s 200ms 600ms 1.4s 3s 6.2s 11.2s 16.2s 21.2s 26.2s 30s"},
		{"never, with a patience of 1 s", 0, time.Second, acmecore.ServesOther, "0s 0s 200ms 600ms 1s"},
	} {
		t.Run(row.what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				now, before := certificate(t, 2, ecdsaKey(t)), certificate(t, 1, ecdsaKey(t))
				connections := 0
				d := &dialler{began: time.Now(), dial: hosts{"192.0.2.1:443": func(c net.Conn) {
					connections++
					if connections == row.tries {
						before = now
					}
					handshakes(serving(before))(c)
				}}.dial}
				v := &verify.Verifier{Dial: d.Dial, Patience: row.patience}
				proofs := v.Verify(t.Context(), places(t, "192.0.2.1"), fingerprint(now), nil)
				if got := strings.Join(d.times, " "); answers(proofs) != string(row.want) || got != row.at {
					t.Errorf("got %s, asked at %s; want %s, at %s", answers(proofs), got, row.want, row.at)
				}
				explained(t, proofs[0], fingerprint(now))
			})
		})
	}
}

func places(t *testing.T, addresses ...string) verify.Places {
	t.Helper()
	p, err := placesOf([]acmecore.Name{name}, addresses, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestServersThatStall hold a try up for 10 s, and no longer.
func TestServersThatStall(t *testing.T) {
	t.Parallel()
	drip := func(text string) func(net.Conn) {
		return func(c net.Conn) {
			go c.Read(make([]byte, 10_000)) // the pipe would keep the visitor writing
			for i := range text {
				time.Sleep(time.Second)
				if _, err := c.Write([]byte{text[i]}); err != nil {
					return
				}
			}
		}
	}
	hello := "\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03" + strings.Repeat("x", 100)
	for _, row := range []struct {
		what, address string
		handle        func(net.Conn) // at port 443, or that of the address
		want          acmecore.Answer
	}{
		{"a black hole", "192.0.2.1", nil, acmecore.Silent},
		{"it says nothing", "192.0.2.1", func(c net.Conn) { c.Read(make([]byte, 10_000)); c.Read(make([]byte, 1)) }, acmecore.NoHandshake},
		{"it reads nothing", "192.0.2.1", func(net.Conn) { time.Sleep(time.Hour) }, acmecore.NoHandshake},
		{"a handshake of 1 byte a second", "192.0.2.1", drip(hello), acmecore.NoHandshake},
		{"a mail server that says nothing", "192.0.2.1:25/smtp", func(c net.Conn) { c.Read(make([]byte, 1)) }, acmecore.NoHandshake},
		{"a greeting of 1 byte a second", "192.0.2.1:143/imap", drip("* OK " + strings.Repeat("x", 100)), acmecore.NoHandshake},
		{"it reads no command", "192.0.2.1:110/pop3", func(c net.Conn) { c.Write([]byte("+OK\r\n")); time.Sleep(time.Hour) }, acmecore.NoHandshake},
	} {
		t.Run(row.what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := &verify.Verifier{Dial: blackhole}
				if row.handle != nil {
					where, _, _ := strings.Cut(row.address, "/")
					v.Dial = hosts{where: row.handle, where + ":443": row.handle}.dial
				}
				began := time.Now()
				proofs := v.Look(t.Context(), places(t, row.address), "00")
				if answers(proofs) != string(row.want) || !strings.Contains(proofs[0].Problem, "in time") || time.Since(began) != 10*time.Second {
					t.Errorf("got %s, %q after %s", answers(proofs), proofs[0].Problem, time.Since(began))
				}
				explained(t, proofs[0], "00")
				began = time.Now()
				v.Verify(t.Context(), places(t, row.address), "00", nil)
				if took := time.Since(began); took < 30*time.Second || took > 40*time.Second {
					t.Errorf("was asked again for %s", took)
				}
				time.Sleep(time.Hour) // until the server's end, too, has come to its end
			})
		})
	}
}

// TestManyPlaces are asked 16 at a time; those that wait for their next try hold up
// nobody, and there is an end to it.
func TestManyPlaces(t *testing.T) {
	t.Parallel()
	t.Run("that refuse", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := &dialler{began: time.Now(), dial: func(context.Context, string, string) (net.Conn, error) {
				time.Sleep(time.Millisecond)
				return nil, &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
			}}
			v := &verify.Verifier{Dial: d.Dial}
			proofs := v.Verify(t.Context(), many(t, 100), "00", nil)
			if len(notServed(proofs)) != 100 || d.together != 16 || time.Since(d.began) > 31*time.Second || len(d.times) < 100*10 {
				t.Errorf("%d are not served, %d asked at once, %d times in %s", len(notServed(proofs)), d.together, len(d.times), time.Since(d.began))
			}
		})
	})
	t.Run("that are silent", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := &dialler{began: time.Now(), dial: blackhole}
			v := &verify.Verifier{Dial: d.Dial}
			proofs := v.Verify(t.Context(), many(t, 1000), "00", nil)
			// None of these names was met at all: each is as silent as the others.
			if len(notServed(proofs)) != 1000 || d.together != 16 || time.Since(d.began) != 330*time.Second {
				t.Errorf("%d are not served, %d asked at once, in %s", len(notServed(proofs)), d.together, time.Since(d.began))
			}
		})
	})
}

// TestVerifyEndsWithItsContext at once, with the proofs that there are.
func TestVerifyEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		before := certificate(t, 1, ecdsaKey(t))
		network := hosts{"192.0.2.1:443": handshakes(serving(before))}
		v := &verify.Verifier{Dial: func(ctx context.Context, network_, address string) (net.Conn, error) {
			if strings.HasPrefix(address, "192.0.2.2") {
				return blackhole(ctx, network_, address)
			}
			return network.dial(ctx, network_, address)
		}}
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
		defer cancel()
		began := time.Now()
		proofs := v.Verify(ctx, places(t, "192.0.2.1", "192.0.2.2"), "00", nil)
		if got := answers(proofs); got != "serves other, unreached" || time.Since(began) != 4*time.Second {
			t.Errorf("got %s after %s", got, time.Since(began))
		}
		if proofs = v.Verify(ctx, places(t, "192.0.2.1"), "00", nil); len(proofs) != 1 || time.Since(began) != 4*time.Second {
			t.Errorf("with an ended context: got %+v", proofs)
		}
	})
}

// TestAddressesWithoutAWay: that this host has no IPv6 says nothing of the server,
// as long as the name is met elsewhere.
func TestAddressesWithoutAWay(t *testing.T) {
	t.Parallel()
	served := certificate(t, 1, ecdsaKey(t))
	failing := func(tcp, udp error) func(context.Context, string, string) (net.Conn, error) {
		return func(ctx context.Context, network, address string) (net.Conn, error) {
			switch {
			case strings.HasPrefix(address, "192.0.2.1:"):
				return hosts{address: handshakes(serving(served))}.dial(ctx, network, address)
			case network == "udp" && udp == nil:
				client, server := net.Pipe()
				server.Close()
				return client, nil
			case network == "udp":
				return nil, &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", udp)}
			}
			return nil, &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", tcp)}
		}
	}
	for _, row := range []struct {
		what     string
		tcp, udp error
		has      []string
		want     string
		missing  int
	}{
		{"no route to IPv6", syscall.ENETUNREACH, syscall.ENETUNREACH, []string{"192.0.2.1", "2001:db8::1"}, "serves, unreached", 0},
		{"a route that says no", syscall.EHOSTUNREACH, syscall.EHOSTUNREACH, []string{"192.0.2.1", "2001:db8::1"}, "serves, unreached", 0},
		{"IPv6 is switched off", syscall.EADDRNOTAVAIL, syscall.EADDRNOTAVAIL, []string{"2001:db8::1", "192.0.2.1"}, "unreached, serves", 0},
		{"no IPv6 in the kernel", syscall.EAFNOSUPPORT, syscall.EAFNOSUPPORT, []string{"2001:db8::1", "192.0.2.1"}, "unreached, serves", 0},
		{"a router on the way says no", syscall.ENETUNREACH, nil, []string{"192.0.2.1", "2001:db8::1"}, "serves, silent", 1},
		{"a firewall of the server says no", syscall.EHOSTUNREACH, nil, []string{"192.0.2.1", "2001:db8::1"}, "serves, silent", 1},
		{"nothing but IPv6", syscall.ENETUNREACH, syscall.ENETUNREACH, []string{"2001:db8::1", "2001:db8::2"}, "silent, silent", 2},
	} {
		synctest.Test(t, func(t *testing.T) {
			v := &verify.Verifier{Dial: failing(row.tcp, row.udp), Lookup: func(context.Context, string) (found []netip.Addr, err error) {
				for _, text := range row.has {
					found = append(found, netip.MustParseAddr(text))
				}
				return found, nil
			}}
			proofs := v.Verify(t.Context(), places(t), fingerprint(served), nil)
			if got := answers(proofs); got != row.want || len(notServed(proofs)) != row.missing {
				t.Errorf("%s: got %s, %d not served", row.what, got, len(notServed(proofs)))
			}
			for _, proof := range proofs {
				explained(t, proof, fingerprint(served))
			}
		})
	}
}
