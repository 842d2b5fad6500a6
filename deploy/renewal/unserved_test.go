package renewal_test

import (
	"crypto/tls"
	"fmt"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/deploy/lab"
)

// office is a site with nginx, and with www in service there.
func office(t *testing.T, tables func(*webServer) []string) (*site, *webServer) {
	t.Helper()
	s := found(t)
	nginx := s.nginx(www)
	s.trust(lab.PebbleOptions{HTTPPort: nginx.httpPort, Profiles: map[string]time.Duration{"ninety": 90 * day}})
	s.silentOnWindows()
	s.configure(tables(nginx)...)
	s.start()
	s.run("certify", www.Name)
	return s, nginx
}

// lazy is the server with a load action that says all is well, and does nothing while
// the file idle is there.
func (w *webServer) lazy() *webServer {
	lazy := *w
	lazy.reload = append([]string{"/bin/sh", "-c", `test -e "$0" || exec "$@"`, w.idle()}, w.reload...)
	return &lazy
}

func (w *webServer) idle() string { return w.configuration + ".idle" }

// meet returns the serial of the certificate that a visitor gets.
func (s *site) meet(w *webServer) string {
	s.Helper()
	conn, err := tls.Dial("tcp", w.address(), &tls.Config{ServerName: www.Name, InsecureSkipVerify: true})
	if err != nil {
		s.Fatal(err)
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.Text(16)
}

// TestBrokenConfigurationOfAServer: a load that fails costs nobody a certificate, L01
// and L17. The files before go back, the administrator hears of it once, and when the
// configuration is whole again the certificate that there is comes into service.
func TestBrokenConfigurationOfAServer(t *testing.T) {
	t.Parallel()
	s, nginx := office(t, func(nginx *webServer) []string { return []string{nginx.tables(), verified("1m", nginx)} })
	s.expected = []string{"load action ended", "certificate not in service", "files before put back"}
	before, text := s.listed(www.ID()), s.read(nginx.pair(www.ID()).Certificate)
	visitors := s.visit(www, s.roots(), nginx)
	visitors.await(before.Serial)
	repair := s.breakDown(nginx)

	s.rest()
	s.clock.Set(before.Renewal.At)
	s.refused(nginx, before, text)
	now := s.listed(www.ID())
	for _, wait := range []time.Duration{time.Minute, 5 * time.Minute} {
		s.clock.Advance(wait)
		s.nudge()
		s.awaitRun("the next one that fails", became(www.ID(), acmecore.NotServed))
	}
	orders := s.orders()
	repair()
	s.clock.Advance(15 * time.Minute) // no nudge: it is a long wait
	run := s.awaitRun("the repair", became(www.ID(), acmecore.Repaired))
	if want := "install load verify"; stages(treated(run, www.ID())) != want {
		t.Errorf("got %q, want %q", stages(treated(run, www.ID())), want)
	}
	visitors.await(now.Serial)
	visitors.stop(2)
	s.awaitTold(www.ID(), acmecore.EventRecovered, 1)
	s.awaitTold(www.ID(), acmecore.EventRenewed, 2)
	s.awaitTold(www.ID(), acmecore.EventNotServed, 1)
	if again := s.orders() - orders; again != 0 || s.listed(www.ID()).Service != acmecore.ServiceServed {
		t.Errorf("got %d orders more, and %+v", again, s.listed(www.ID()))
	}
}

// refused looks at what has become of a renewal that nginx did not load.
func (s *site) refused(nginx *webServer, before acmecore.Certificate, text string) {
	s.Helper()
	run := s.awaitRun("the load that fails", became(www.ID(), acmecore.NotServed))
	got := treated(run, www.ID())
	if want := "order install load! put back load!"; stages(got) != want || !strings.Contains(got.Problem, "nginx") || got.Hint == "" {
		s.Errorf("got %q, want %q, a problem and a hint: %+v", stages(got), want, got)
	}
	if s.read(nginx.pair(www.ID()).Certificate) != text {
		s.Error("the files before are not back")
	}
	if output := run.Loads[0].Commands[0].Output; !strings.Contains(output, `unknown directive "nonsense"`) {
		s.Errorf("the record has %q, want what nginx said", output)
	}
	s.awaitTold(www.ID(), acmecore.EventNotServed, 1)
	now := s.listed(www.ID())
	if now.Serial == before.Serial || s.meet(nginx) != before.Serial || now.Service != acmecore.ServiceMissing || now.Trouble == "" {
		s.Errorf("listed: got %+v, want another one than %s, not installed", now, before.Serial)
	}
	if left := now.Next.Sub(s.clock.Now()); left <= 0 || left > time.Minute {
		s.Errorf("next try: got in %v, want in a minute", left)
	}
}

// TestLoadThatLoadsNothing: "renewed" means "served", L12. It is only said when a
// visitor was shown the certificate.
func TestLoadThatLoadsNothing(t *testing.T) {
	t.Parallel()
	s, nginx := office(t, func(nginx *webServer) []string { return []string{nginx.lazy().tables(), verified("1m", nginx)} })
	s.expected = []string{"certificate not in service"}
	before := s.listed(www.ID())
	s.configure(nginx.lazy().tables(), verified("1s", nginx)) // enough to be sure that it is not
	s.rest()
	s.write(nginx.idle(), "", 0o644)
	s.clock.Set(before.Renewal.At)
	run := s.awaitRun("what is not served", became(www.ID(), acmecore.NotServed))
	if want := "order install load verify!"; stages(treated(run, www.ID())) != want {
		t.Errorf("got %q, want %q", stages(treated(run, www.ID())), want)
	}
	s.awaitTold(www.ID(), acmecore.EventNotServed, 1)
	now := s.listed(www.ID())
	if now.Service != acmecore.ServiceUnseen || s.meet(nginx) != before.Serial {
		t.Errorf("listed: got %+v, want it not served", now)
	}
	if table := s.run("list"); !strings.Contains(table, string(acmecore.ServiceUnseen)) || !strings.Contains(table, now.Trouble) {
		t.Errorf("list: got\n%s\nwant that it is not served, and why: %s", table, now.Trouble)
	}
	output, status := s.try("check", "served")
	for _, want := range []string{now.Serial, before.Serial, fmt.Sprintf("127.0.0.1 port %d", nginx.port), "they part: "} {
		if status != 1 || !strings.Contains(output, want) {
			t.Errorf("check served: got exit status %d and\n%s\nwant 1 and %q", status, output, want)
		}
	}

	orders := s.orders()
	s.loadByHand(nginx)
	s.await("nginx with the new one", func() error {
		if serial := s.meet(nginx); serial != now.Serial {
			return fmt.Errorf("it has %s", serial)
		}
		return nil
	})
	s.settle(nginx)
	s.configure(nginx.lazy().tables(), verified("1m", nginx))
	s.clock.Advance(time.Minute)
	s.nudge()
	s.awaitRun("that it is served", became(www.ID(), acmecore.Repaired))
	s.awaitTold(www.ID(), acmecore.EventRecovered, 1)
	s.awaitTold(www.ID(), acmecore.EventRenewed, 2)
	if output := s.run("check", "served"); !strings.Contains(output, "all agree") || s.orders() != orders {
		t.Errorf("check served: got %s, after %d orders more", output, s.orders()-orders)
	}
}
