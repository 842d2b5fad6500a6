package main

import (
	"context"
	_ "embed"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"text/template"
	"time"

	"wcme/deploy/lab"
)

// server is a running web server, and what was measured under it.
type server struct {
	name    string
	address string
	results []result // one a program, in their order
}

// start starts the servers. stop ends those that run, also when it failed.
func start(ctx context.Context, dir string) (servers []*server, stop func() error, err error) {
	var stops []func() error
	stop = func() error {
		var err error
		for _, stop := range stops {
			err = errors.Join(err, stop())
		}
		return err
	}
	apache, err := lab.StartApache(ctx, lab.ApacheOptions{Dir: dir, Site: apacheSite})
	if err != nil {
		return nil, stop, err
	}
	stops = append(stops, apache.Stop)
	port, process, err := startLighttpd(ctx, dir)
	if err != nil {
		return nil, stop, err
	}
	stops = append(stops, process.Stop)
	return []*server{
		{name: "Apache mod_cgid", address: lab.Loopback(apache.Port)},
		{name: "lighttpd mod_cgi", address: lab.Loopback(port)},
	}, stop, nil
}

// apacheSite has the workers that Debian's Apache has, and lets a connection live
// as long as the measurement: opening new ones is not what is measured. The
// environment is that of deploy/apache/wcme.conf.
const apacheSite = `
StartServers 2
MaxRequestWorkers 150
MaxKeepAliveRequests 0
SetEnv WCME_ROOT "${LAB_DIR}/state"
SetEnv GOMAXPROCS 1
ScriptAlias "/cgi-bin/" "${LAB_DIR}/cgi-bin/"
<Directory "${LAB_DIR}/cgi-bin">
    Require all granted
</Directory>
`

//go:embed lighttpd.conf.template
var lighttpdTemplate string

// startLighttpd returns when the server answers on the port.
func startLighttpd(ctx context.Context, dir string) (int, *lab.Process, error) {
	port, err := lab.FreePort()
	if err != nil {
		return 0, nil, err
	}
	conf := filepath.Join(dir, "lighttpd.conf")
	if err := configureLighttpd(conf, dir, port); err != nil {
		return 0, nil, err
	}
	process, err := lab.Start(filepath.Join(dir, "lighttpd.output.log"), exec.Command("/usr/sbin/lighttpd", "-D", "-f", conf))
	if err != nil {
		return 0, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	err = process.Await(ctx, func(ctx context.Context) error { return connect(ctx, lab.Loopback(port)) })
	if err != nil {
		return 0, nil, errors.Join(err, process.Stop())
	}
	return port, process, nil
}

func configureLighttpd(conf, dir string, port int) error {
	values := struct {
		Dir, User string
		Port      int
	}{Dir: dir, Port: port}
	if os.Geteuid() == 0 {
		values.User = lab.WebUser
	}
	file, err := os.Create(conf)
	if err != nil {
		return err
	}
	err = template.Must(template.New("lighttpd").Parse(lighttpdTemplate)).Execute(file, values)
	return errors.Join(err, file.Close())
}

func connect(ctx context.Context, address string) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return conn.Close()
}
