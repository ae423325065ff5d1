// Command conference is a video conference for browsers. They speak to this program
// only, and it controls Janus:
//
//	go run ./examples/conference -url ws://127.0.0.1:8188
//
// README.md says how to get a Janus, and describes the parts of the program.
package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/cameronelliott/janus-go/plugin"
)

const howToGetJanus = "conference: -url is missing, such as ws://127.0.0.1:8188. " +
	"To get a Janus: apt install janus, or docker run --network host canyan/janus-gateway"

func main() {
	s := settings{ResumeFor: 20 * time.Second, APISecret: os.Getenv("JANUS_API_SECRET")}
	urls := flag.String("url", "", "`addresses` of Janus servers, separated by commas")
	listen := flag.String("listen", "127.0.0.1:8080", "`address` to listen on")
	flag.TextVar(&s.Room, "room", plugin.Num(4242), "`id` of the room, which is made unless it exists")
	flag.IntVar(&s.Capacity, "capacity", 16, "how many may join a room")
	stun := flag.String("stun", "", "STUN `servers` for the browsers, host:port, separated by commas")
	flag.StringVar(&s.Operator, "operator", "", "`password` of the operator (default: that in the environment variable CONFERENCE_OPERATOR, or a random one)")
	flag.Parse()
	if flag.NArg() > 0 || s.Capacity < 1 {
		flag.Usage()
		os.Exit(2)
	}
	s.URLs, s.STUN = list(*urls), list(*stun)
	if len(s.URLs) == 0 {
		fmt.Fprintln(os.Stderr, howToGetJanus)
		os.Exit(2)
	}
	s.Operator = cmp.Or(s.Operator, os.Getenv("CONFERENCE_OPERATOR"), rand.Text())
	s.Log = slog.Default()
	if err := serve(s, *listen); err != nil {
		fmt.Fprintln(os.Stderr, "conference:", err)
		os.Exit(1)
	}
}

// list splits a list at commas and spaces.
func list(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}

// serve runs a conference until the process is asked to end.
func serve(s settings, listen string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // another signal ends the process at once
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	fmt.Printf("listening on http://%s/\n", listener.Addr())
	page := url.URL{Scheme: "http", Host: listener.Addr().String(), Path: "/operator", Fragment: s.Operator}
	fmt.Printf("operator's page: %s\n", &page)
	return newConference(s).run(ctx, listener)
}
