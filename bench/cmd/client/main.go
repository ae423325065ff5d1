// Command client is one contender in a process of its own: it connects to the
// server and does the rounds of work that it reads from its standard input.
package main

import (
	"context"
	"flag"
	"log"
	"os"

	"github.com/cameronelliott/janus-go/bench/internal/contest"
	"github.com/cameronelliott/janus-go/bench/internal/floor"
	"github.com/cameronelliott/janus-go/bench/internal/ours"
)

var contenders = map[string]contest.Dial{
	"ours":        ours.Dial,
	"ours-kept":   ours.DialKept,
	"ours-typed":  ours.DialTyped,
	"ours-traced": ours.DialTraced,
	"floor":       floor.Dial,
}

func main() {
	log.SetFlags(0)
	name := flag.String("contender", "ours", "ours, ours-kept, ours-typed, ours-traced or floor")
	url := flag.String("url", "", "the server's URL")
	flag.Parse()
	dial := contenders[*name]
	if dial == nil {
		log.Fatalf("no contender %q", *name)
	}
	if err := contest.Serve(context.Background(), dial, *url, os.Stdin, os.Stdout); err != nil {
		log.Fatalf("%s: %v", *name, err)
	}
}
