package dns_test

import (
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"testing"
	"time"
)

// relay passes what comes to port 53 of an address of the loopback on to a server at
// another port: named listens at addresses alone that an interface has by name, and NS
// records have no ports. Only root may have that port.
func relay(t *testing.T, to string) (address string) {
	t.Helper()
	for range 50 {
		ip := netip.AddrFrom4([4]byte{127, byte(1 + rand.IntN(254)), byte(rand.IntN(256)), byte(1 + rand.IntN(254))})
		at := net.JoinHostPort(ip.String(), "53")
		packets, err := net.ListenPacket("udp", at)
		if err != nil {
			continue
		}
		streams, err := net.Listen("tcp", at)
		if err != nil {
			packets.Close()
			continue
		}
		t.Cleanup(func() { packets.Close(); streams.Close() })
		go relayPackets(packets, to)
		go relayStreams(streams, to)
		return ip.String()
	}
	t.Fatal("port 53 is free at no address of the loopback")
	return ""
}

func relayPackets(packets net.PacketConn, to string) {
	for {
		question := make([]byte, 64<<10)
		n, from, err := packets.ReadFrom(question)
		if err != nil {
			return // it was closed
		}
		go func() {
			conn, err := net.Dial("udp", to)
			if err != nil {
				return
			}
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(30 * time.Second))
			conn.Write(question[:n])
			answer := make([]byte, 64<<10)
			if n, err := conn.Read(answer); err == nil {
				packets.WriteTo(answer[:n], from)
			}
		}()
	}
}

func relayStreams(streams net.Listener, to string) {
	for {
		stream, err := streams.Accept()
		if err != nil {
			return // it was closed
		}
		go func() {
			defer stream.Close()
			conn, err := net.Dial("tcp", to)
			if err != nil {
				return
			}
			defer conn.Close()
			go io.Copy(conn, stream)
			io.Copy(stream, conn)
		}()
	}
}
