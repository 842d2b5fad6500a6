package load_test

import (
	"slices"
	"strings"
	"testing"

	"wcme/acmecore/load"
)

func TestOptionsOfCommandLines(t *testing.T) {
	apache := func(args []string) []string { return load.Wanted(args, "fdDCcEk", "fdDCc") }
	lighttpd := func(args []string) []string { return load.Wanted(args, "fmi", "fm") }
	for _, c := range []struct {
		name    string
		options func([]string) []string
		line    string // words separated by |
		want    string
	}{
		{"Apache of Debian", apache, "/usr/sbin/apache2|-k|start", ""},
		{"Apache in the foreground", apache, "httpd|-DFOREGROUND|-f|/etc/my httpd.conf", "-D|FOREGROUND|-f|/etc/my httpd.conf"},
		{"Apache with a file for its errors", apache, "httpd|-E|-f|-X|-d/srv", "-d|/srv"},
		{"an option without its value", apache, "httpd|-f", ""},
		{"nothing", apache, "", ""},
		{"lighttpd of Debian", lighttpd, "/usr/sbin/lighttpd|-D|-f|/etc/lighttpd/lighttpd.conf", "-f|/etc/lighttpd/lighttpd.conf"},
		{"lighttpd for a while", lighttpd, "lighttpd|-i|60|-f|a.conf", "-f|a.conf"},
		{"nginx of Debian", load.NginxOptions, "nginx: master process /usr/sbin/nginx -g daemon on; master_process on;", "-g|daemon on; master_process on;"},
		{"nginx with blanks", load.NginxOptions, "nginx: master process nginx -c /etc/my nginx.conf -p /srv/x -e stderr", "-c|/etc/my nginx.conf|-p|/srv/x"},
		{"nginx plain", load.NginxOptions, "nginx: master process /usr/sbin/nginx", ""},
		{"nginx without a master", load.NginxOptions, "nginx|-c|/etc/n.conf|-q", "-c|/etc/n.conf"},
		{"a worker of nginx", load.NginxOptions, "nginx: worker process", ""},
		{"HAProxy of Debian", load.HaproxyOptions, "/usr/sbin/haproxy|-Ws|-f|/etc/haproxy/haproxy.cfg|-p|/run/haproxy.pid|-S|/run/haproxy-master.sock", "-f|/etc/haproxy/haproxy.cfg"},
		{"HAProxy after a reload", load.HaproxyOptions, "haproxy|-sf|12|13|-x|sockpair@4|-W|-f|a.cfg|-f|b.cfg|-L|peer", "-f|a.cfg|-f|b.cfg|-L|peer"},
		{"HAProxy with files at the end", load.HaproxyOptions, "haproxy|-W|-C|/etc/haproxy|--|a.cfg|b.cfg", "-C|/etc/haproxy|--|a.cfg|b.cfg"},
		{"HAProxy cut short", load.HaproxyOptions, "haproxy|-f", ""},
		{"variables", load.Substituted, "APACHE_RUN_DIR=/run/apache2|LD_PRELOAD=/x|PATH=/x|HOME=/x|=|x|IFS=x|BASH_FUNC_x%%=() {|EXTRAOPTS=-S x=y|WCME_NAMES=x|NOTIFY_SOCKET=/run/x|LISTEN_FDS=1|HAPROXY_MWORKER_REEXEC=1", "APACHE_RUN_DIR=/run/apache2|EXTRAOPTS=-S x=y"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var words []string
			if c.line != "" {
				words = strings.Split(c.line, "|")
			}
			if got := strings.Join(c.options(words), "|"); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestLongOption(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"caddy run --environ --config /etc/caddy/Caddyfile", "/etc/caddy/Caddyfile"},
		{"caddy run --config=/etc/caddy/Caddyfile", "/etc/caddy/Caddyfile"},
		{"caddy run -c a.json", "a.json"},
		{"caddy run --config", ""},
		{"caddy run", ""},
	} {
		if got := load.LongOption(strings.Fields(c.line), "--config", "-c"); got != c.want {
			t.Errorf("%s: got %q, want %q", c.line, got, c.want)
		}
	}
}

func FuzzProcessOwner(f *testing.F) {
	f.Add([]byte("Name:\tx\nUid:\t33\t33\t33\t33\nGid:\t33\t33\t33\t33\nGroups:\t33 110 \nNSpid:\t12\t1\n"))
	f.Add([]byte("Uid:\t-1\t4294967296\t0\t0\nGid:\t1\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if found, err := load.ParseStatus(text); err == nil && !strings.Contains(string(text), "Uid:") {
			t.Errorf("%q was read as %+v", text, found)
		}
	})
}

func FuzzNginxTitle(f *testing.F) {
	f.Add("nginx: master process /usr/sbin/nginx -c /etc/nginx.conf -g daemon on;")
	f.Add("nginx: master process -c -g -p  x ")
	f.Fuzz(func(t *testing.T, title string) {
		options := load.NginxOptions([]string{title})
		for i, option := range options {
			if i%2 == 0 && !slices.Contains([]string{"-c", "-p", "-g"}, option) {
				t.Errorf("%q has the option %q", title, option)
			}
		}
		if len(options)%2 != 0 {
			t.Errorf("%q has the options %q", title, options)
		}
	})
}
