// Command server runs the scripted server on a free port of the loopback
// interface. It prints its URL and ends when its standard input does.
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"os"

	"github.com/cameronelliott/janus-go/bench/internal/scripted"
)

func main() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("ws://%s/\n", l.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // any end is the end
		_ = l.Close()
	}()
	if err := scripted.Serve(l); err != nil {
		log.Fatal(err)
	}
}
