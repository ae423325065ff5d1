package plugincount

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/cameronelliott/janus-go/internal/plugtest"
)

const reference = "https://pkg.go.dev/github.com/cameronelliott/janus-go/plugin"

const intro = `# Plugins

<!-- Written by go test ./internal/plugincount -update. -->

Each plugin of Janus has a package with a method for each request and a struct
for each event. The packages are complete: they cover what the plugins of Janus
1.4 understand and send.

**%d of %d requests, %d of %d events, %d of %d error codes.**

| plugin | package | requests | events | error codes |
|---|---|---:|---:|---:|
`

const afterSummary = `
In brackets: how many of them Janus 1.1.2 has. Everything works with Janus 1.1.2
and later, except for rows with a version: these exist since that version of
Janus. An older Janus answers a request that it does not know with an error, and
ignores fields that it does not know.

How this is counted:

- A request is a name that Janus knows. A request in several forms has a method
  for each, but counts once. Two requests that differ by name alone, such as
  mute and unmute, count twice. The TextRoom plugin has two APIs with
  12 requests each, 9 of which are in both.
- An event is a kind of message that Janus sends without a request. Answers are
  not counted. Nor are events about the PeerConnection, which are not the
  plugin's: they are in the package janus.
- Deprecated forms of requests, which Janus replaced by others, have no method.
  Their answers are decoded.

The plugins Lua and Duktape have no package, since their requests are those of
the script. VoiceMail has none either: Janus removed it.

` + "`go test ./...`" + ` counts all of it. The test of each package compares these tables
with the methods, structs and constants in its source, sends each request with
all of its fields, and parses a sample of each event and answer. The tests with a
real Janus send each request to it, and fail if an answer or an event has a member
that its struct does not hold. They run on each version that CI has.

## Use

` + "```go" + `
room := videoroom.On(handle)
joined, err := room.JoinPublisher(ctx, videoroom.JoinPublisher{Room: plugin.Num(1234)})
…
for msg := range handle.Events {
	if event, ok := videoroom.Parse(msg); ok {
		switch event := event.(type) {
		case *videoroom.Published:
			…
		}
	}
}
` + "```" + `

An event of a kind that a package does not know is a ` + "`*plugin.Unknown`" + `, which has
the data as Janus sent it. An error that no call was waiting for is a
` + "`*plugin.Failure`" + `. The errors of calls match the codes of the package:
` + "`errors.Is(err, videoroom.ErrorNoSuchRoom)`" + `.
`

// writePage returns docs/plugins.md.
func writePage(t *testing.T) []byte {
	t.Helper()
	var sum counts
	var summary, details bytes.Buffer
	for _, p := range plugins {
		c := plugtest.ReadCoverageOf(t, dir(p.name))
		n, old := count(c, false), count(c, true)
		sum = sum.plus(n)
		fmt.Fprintf(&summary, "| [%s](#%s) | [`plugin/%s`](%s/%s) | %s | %s | %s |\n", p.title, anchor(p.title), p.name, reference, p.name,
			cell(n.requests, old.requests), cell(n.events, old.events), cell(n.errors, old.errors))
		writePlugin(&details, p.name, p.title, c)
	}
	fmt.Fprintf(&summary, "| **all** | | **%d** | **%d** | **%d** |\n", sum.requests, sum.events, sum.errors)

	var page bytes.Buffer
	fmt.Fprintf(&page, intro, sum.requests, total.requests, sum.events, total.events, sum.errors, total.errors)
	page.Write(summary.Bytes())
	page.WriteString(afterSummary)
	page.Write(details.Bytes())
	return page.Bytes()
}

// cell returns a number and, if it differs, that of Janus 1.1.2.
func cell(now, old int) string {
	if now == old {
		return fmt.Sprint(now)
	}
	return fmt.Sprintf("%d (%d)", now, old)
}

// anchor returns the anchor of a heading.
func anchor(title string) string { return strings.ToLower(strings.ReplaceAll(title, "&", "")) }

func writePlugin(b *bytes.Buffer, name, title string, c plugtest.Coverage) {
	fmt.Fprintf(b, "\n## %s\n\nPackage [`plugin/%s`](%s/%s).\n", title, name, reference, name)
	for _, over := range []string{"", "data"} {
		writeRequests(b, over, c)
	}
	writeEvents(b, c)
	writeErrors(b, c)
}

func writeRequests(b *bytes.Buffer, over string, c plugtest.Coverage) {
	heading, column := "", "method"
	if over == "data" {
		heading, column = "\nOver the data channel, with `DataClient.Call`:\n", "struct"
	}
	first := true
	for _, request := range c.Requests {
		if request.Over != over {
			continue
		}
		if first {
			fmt.Fprintf(b, "%s\n| request | %s | answer | since |\n|---|---|---|---|\n", heading, column)
			first = false
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", code(request.Name), code(request.Methods...), code(request.Answers...), request.Since)
	}
}

func writeEvents(b *bytes.Buffer, c plugtest.Coverage) {
	if len(c.Events) == 0 {
		b.WriteString("\nThe plugin sends no events.\n")
		return
	}
	heading := "event"
	if c.Events[0].Over == "data" {
		heading = "event over the data channel"
	}
	fmt.Fprintf(b, "\n| %s | struct | since |\n|---|---|---|\n", heading)
	for _, event := range c.Events {
		fmt.Fprintf(b, "| %s | %s | %s |\n", code(event.Name), code(event.Struct), event.Since)
	}
}

func writeErrors(b *bytes.Buffer, c plugtest.Coverage) {
	var list []string
	for _, e := range c.Errors {
		text := fmt.Sprintf("%d `%s`", e.Code, e.Name)
		if e.Since != "" {
			text += " (since " + e.Since + ")"
		}
		list = append(list, text)
	}
	fmt.Fprintf(b, "\nError codes: %s.\n", strings.Join(list, ", "))
}

// code returns names as code.
func code(names ...string) string {
	var list []string
	for _, name := range names {
		if name == "" { // the request of EchoTest
			list = append(list, "(has no name)")
			continue
		}
		list = append(list, "`"+name+"`")
	}
	if len(list) == 0 {
		return "–"
	}
	return strings.Join(list, ", ")
}
