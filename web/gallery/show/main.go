// Command show serves the gallery: every page in every state, with made-up data.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"time"

	"wcme/web/gallery"
)

func main() {
	address := flag.String("listen", "127.0.0.1:8090", "the address to listen on, HOST:PORT")
	flag.Parse()
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		log.Fatalf("error: %v\nhint: give -listen another port", err)
	}
	fmt.Printf("http://%s/\n", listener.Addr())
	server := &http.Server{Handler: gallery.Handler(), ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.Serve(listener))
}
