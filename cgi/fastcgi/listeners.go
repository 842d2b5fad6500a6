//go:build unix

package fastcgi

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"strconv"
	"syscall"

	"wcme/cgi/meta"
)

// firstDescriptor is that of systemd's sockets (sd_listen_fds(3)).
const firstDescriptor = 3

// maxDescriptors is how many sockets systemd may hand over.
const maxDescriptors = 16

// Listeners returns the listening Unix sockets that the process was started with:
// those that systemd's variables LISTEN_PID and LISTEN_FDS announce, or else
// descriptor 0 (section 2.2), or none. A socket of another kind is an error.
func Listeners(environment meta.Variables, log *slog.Logger) (listeners []net.Listener, err error) {
	for _, descriptor := range descriptors(environment) {
		listener, err := listenerOf(descriptor)
		if err != nil {
			return nil, err
		}
		warnIfOpen(listener.Addr().String(), log)
		listeners = append(listeners, listener)
	}
	return listeners, nil
}

func descriptors(environment meta.Variables) (list []int) {
	count, err := strconv.Atoi(environment["LISTEN_FDS"])
	if err == nil && environment["LISTEN_PID"] == strconv.Itoa(os.Getpid()) {
		for i := range min(count, maxDescriptors) {
			list = append(list, firstDescriptor+i)
		}
		return list
	}
	if listens(0) {
		return []int{0}
	}
	return nil
}

func listens(descriptor int) bool {
	value, err := syscall.GetsockoptInt(descriptor, syscall.SOL_SOCKET, syscall.SO_ACCEPTCONN)
	return err == nil && value != 0
}

func listenerOf(descriptor int) (net.Listener, error) {
	file := os.NewFile(uintptr(descriptor), "socket")
	listener, err := net.FileListener(file)
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, fmt.Errorf("use descriptor %d: %w", descriptor, err)
	}
	if listener.Addr().Network() == "unix" {
		return listener, nil
	}
	return nil, errors.Join(fmt.Errorf("descriptor %d listens on %s %s, where others than the web server could connect: "+
		"FastCGI is served on a Unix socket only", descriptor, listener.Addr().Network(), listener.Addr()), listener.Close())
}

// warnIfOpen tells of a socket that every user of the host can connect to: each of
// them could say to be a signed-in administrator.
func warnIfOpen(path string, log *slog.Logger) {
	info, err := os.Stat(path)
	if err == nil && info.Mode()&fs.ModeSocket != 0 && info.Mode().Perm()&0o002 != 0 {
		log.Warn("every user of this host can connect to the FastCGI socket, and be whoever they say",
			"socket", path, "try", "give it mode 0660 and the web server's group")
	}
}
