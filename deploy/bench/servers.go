package main

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"text/template"

	"wcme/deploy/lab"
)

// server is one of the ways in which a running web server reaches programs, and
// what was measured of it.
type server struct {
	name     string
	address  string
	programs []program // the first is what the others are compared with
	times    int       // how many times the plan's requests: a daemon answers in a moment
	results  []result  // one a program, in their order
}

// program is what answers, mapped at a path of the server.
type program struct{ path, name string }

// running is what has to be stopped, last first.
type running []func() error

func (r *running) add(stop func() error) { *r = append(*r, stop) }

func (r *running) stop() (err error) {
	for i := range *r {
		err = errors.Join(err, (*r)[len(*r)-1-i]())
	}
	return err
}

// start starts the daemons and the servers. stop ends those that run, also when
// it failed.
func start(ctx context.Context, dir string) (servers []*server, stop func() error, err error) {
	var all running
	if err := startDaemons(dir, &all); err != nil {
		return nil, all.stop, err
	}
	apache, err := lab.StartApache(ctx, apacheOptions(dir))
	if err != nil {
		return nil, all.stop, err
	}
	all.add(apache.Stop)
	nginx, err := startServer(ctx, dir, "nginx", &all, func(conf string) (check, run *exec.Cmd) {
		return exec.Command("/usr/sbin/nginx", "-t", "-q", "-c", conf), exec.Command("/usr/sbin/nginx", "-c", conf)
	})
	if err != nil {
		return nil, all.stop, err
	}
	lighttpd, err := startServer(ctx, dir, "lighttpd", &all, func(conf string) (check, run *exec.Cmd) {
		return exec.Command("/usr/sbin/lighttpd", "-tt", "-f", conf), exec.Command("/usr/sbin/lighttpd", "-D", "-f", conf)
	})
	if err != nil {
		return nil, all.stop, err
	}
	return []*server{
		{name: "Apache mod_cgid", address: lab.Loopback(apache.Port), programs: started(), times: 1},
		{name: "lighttpd mod_cgi", address: lighttpd, programs: started(), times: 1},
		{name: "nginx, a connection a request", address: nginx, programs: daemons("new"), times: 10},
		{name: "nginx, kept connections", address: nginx, programs: daemons("kept"), times: 10},
		{name: "Apache mod_proxy_fcgi, a connection a request", address: lab.Loopback(apache.Port), programs: daemons("new"), times: 10},
		{name: "Apache mod_proxy_fcgi, kept connections", address: lab.Loopback(apache.Port), programs: daemons("kept"), times: 10},
		{name: "lighttpd mod_fastcgi", address: lighttpd, programs: daemons("new"), times: 10},
	}, all.stop, nil
}

//go:embed *.template
var templates embed.FS

// values is what a configuration is filled with.
type values struct {
	Dir, User string
	Port      int
	Daemons   []daemon
}

// fill makes a server's configuration.
func fill(name, dir string, port int) ([]byte, error) {
	v := values{Dir: dir, Port: port, Daemons: allDaemons()}
	if os.Geteuid() == 0 {
		v.User = lab.WebUser
	}
	var text bytes.Buffer
	err := template.Must(template.ParseFS(templates, name+".conf.template")).Execute(&text, v)
	return text.Bytes(), err
}

// startServer returns the address that the server answers on.
func startServer(ctx context.Context, dir, name string, all *running, commands func(conf string) (check, run *exec.Cmd)) (string, error) {
	server, err := lab.StartServer(ctx, lab.ServerOptions{Name: name, Dir: dir, Ports: 1,
		Prepare: func(ports []int) (check, run *exec.Cmd, err error) {
			conf := filepath.Join(dir, name+".conf")
			text, err := fill(name, dir, ports[0])
			if err == nil {
				err = os.WriteFile(conf, text, 0o644)
			}
			check, run = commands(conf)
			return check, run, err
		}})
	if err != nil {
		return "", err
	}
	all.add(server.Stop)
	return lab.Loopback(server.Ports[0]), nil
}

// apacheOptions have the workers that Debian's Apache has, and let a connection
// live as long as the measurement: opening new ones is not what is measured.
func apacheOptions(dir string) lab.ApacheOptions {
	site, err := fill("apache", dir, 0)
	if err != nil {
		panic(err) // the template is ours
	}
	return lab.ApacheOptions{Dir: dir, Site: string(site), Modules: []string{"proxy", "proxy_fcgi"}}
}
