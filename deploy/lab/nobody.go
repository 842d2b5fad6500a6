package lab

import "syscall"

// Nobody returns a loopback address that refuses connections until the test ends: its port
// is taken, and nobody listens there. One that was closed may be somebody else's by the
// time it is asked.
func Nobody(tb TB) string {
	tb.Helper()
	syscall.ForkLock.RLock()
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(socket)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { syscall.Close(socket) })
	if err := syscall.Bind(socket, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		tb.Fatal(err)
	}
	bound, err := syscall.Getsockname(socket)
	if err != nil {
		tb.Fatal(err)
	}
	return Loopback(bound.(*syscall.SockaddrInet4).Port)
}
