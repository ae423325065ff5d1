package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/cameronelliott/janus-go/admin"
)

// jcfg is the configuration of the event handler sampleevh of Janus. The arguments are
// the URL, the user name and the password.
const jcfg = `general: {
	enabled = true
	events = "all"
	grouping = true
	json = "compact"
	compress = false
	backend = "%s"
	backend_user = "%s"
	backend_pwd = "%s"
	max_retransmissions = 0
}
`

// printSetup writes how to make a server send its events to the receiver at a base URL.
func (s *server) printSetup(out io.Writer, base string) {
	p := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format, args...) } // nobody may be reading
	p("\nEvents of %s: set broadcast = true in the section events of janus.jcfg, and in\njanus.eventhandler.sampleevh.jcfg\n\n", s.name)
	p(jcfg, escape(base+s.path), eventUser, escape(s.password))
}

// escape returns a text as it is written between quotation marks in a jcfg file.
func escape(text string) string { return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) }

// tweaker returns a function that sets the event handler sampleevh of a server that
// runs. It says what it has done, unless that is the same as the last time.
func (s *server) tweaker(out io.Writer, base string) func(context.Context, *admin.Client) {
	// Without retransmissions, Janus does not pile up its events if this program dies.
	on, off, repeat := true, false, 0
	tweak := admin.SampleTweak{
		Events: "all", Grouping: &on, Compress: &off, MaxRetransmissions: &repeat,
		Backend: base + s.path, BackendUser: eventUser, BackendPassword: s.password,
	}
	said := ""
	return func(ctx context.Context, client *admin.Client) {
		text := s.name + ": sampleevh sends all events here now, and none when this program has ended.\n" +
			"  What cannot be set is broadcast = true in the section events of janus.jcfg.\n"
		err := client.TweakEventHandler(ctx, tweak)
		s.tweaked = s.tweaked || err == nil
		if err != nil {
			text = fmt.Sprintf("%s: its events could not be set up: %v\n"+
				"  Janus must run with the event handler sampleevh: enabled = true and a backend in its jcfg.\n", s.name, err)
		}
		if text != said && ctx.Err() == nil {
			said = text
			_, _ = io.WriteString(out, text) // nobody may be reading
		}
	}
}

// stopTimeout is how long Janus may take to stop its events when the program ends.
const stopTimeout = 2 * time.Second

// stopEvents makes Janus send no events any more, if it was made to send them here. It
// does not say what was set before.
func (s *server) stopEvents(ctx context.Context) {
	if !s.tweaked {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	_ = s.current().TweakEventHandler(ctx, admin.SampleTweak{Events: "none"}) // Janus may have gone
}
