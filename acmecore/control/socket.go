package control

import "path/filepath"

// The places of the default installation.
const (
	DefaultRoot   = "/var/lib/wcme"
	DefaultSocket = "/run/wcme/overseer.sock"
)

// SocketFor returns the path of the overseer's socket: the one given, else the
// one that belongs to the state directory root.
func SocketFor(root, socket string) string {
	switch {
	case socket != "":
		return socket
	case root == "" || filepath.Clean(root) == DefaultRoot:
		return DefaultSocket
	}
	return filepath.Join(root, "overseer.sock")
}
