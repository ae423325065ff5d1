// Package plugincount counts what the typed plugin packages cover, against the
// numbers of Janus, and writes docs/plugins.md from the same tables. The test of
// each package holds its table against its code.
package plugincount

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/cameronelliott/janus-go/internal/plugtest"
)

var update = flag.Bool("update", false, "rewrite docs/plugins.md")

const page = "../../docs/plugins.md"

// counts are the numbers of a plugin.
type counts struct{ requests, events, errors int }

func (c counts) plus(d counts) counts {
	return counts{c.requests + d.requests, c.events + d.events, c.errors + d.errors}
}

// plugins are the numbers of Janus: of 1.4, and of 1.1.2. They were counted in its
// source. A request is a value of "request" ("textroom" over the data channel of
// the TextRoom, where nine of the twelve are those of the Janus API); a request in
// two forms, such as the join of publishers and of subscribers, counts once. An
// event is a kind of message that answers no request; the form in which a plugin
// reports errors is none.
var plugins = []struct {
	name        string
	title       string
	want, want1 counts
}{
	{"videoroom", "VideoRoom", counts{31, 18, 19}, counts{31, 17, 18}},
	{"audiobridge", "AudioBridge", counts{33, 13, 16}, counts{27, 11, 16}},
	{"streaming", "Streaming", counts{15, 10, 13}, counts{15, 8, 12}},
	{"textroom", "TextRoom", counts{12 + 12, 0 + 6, 14}, counts{12 + 12, 0 + 6, 14}},
	{"videocall", "VideoCall", counts{6, 6, 15}, counts{6, 6, 15}},
	{"recordplay", "Record&Play", counts{9, 2, 12}, counts{9, 2, 11}},
	{"sip", "SIP", counts{23, 20, 17}, counts{17, 19, 16}},
	{"nosip", "NoSIP", counts{8, 0, 13}, counts{4, 0, 12}},
	{"echotest", "EchoTest", counts{1, 4, 4}, counts{1, 3, 4}},
}

// total are the numbers of all plugins together.
var total = counts{150, 79, 123}

func dir(plugin string) string { return filepath.Join("../../plugin", plugin) }

// count returns the numbers of a table, or, if old is true, of what Janus 1.1.2
// has of it.
func count(c plugtest.Coverage, old bool) counts {
	var n counts
	for _, request := range c.Requests {
		if !old || request.Since == "" {
			n.requests++
		}
	}
	for _, event := range c.Events {
		if !old || event.Since == "" {
			n.events++
		}
	}
	for _, code := range c.Errors {
		if !old || code.Since == "" {
			n.errors++
		}
	}
	return n
}

func TestCounts(t *testing.T) {
	var sum, want counts
	for _, p := range plugins {
		c := plugtest.ReadCoverageOf(t, dir(p.name))
		if got := count(c, false); got != p.want {
			t.Errorf("%s: %+v are covered, want %+v", p.name, got, p.want)
		}
		if got := count(c, true); got != p.want1 {
			t.Errorf("%s: %+v of Janus 1.1.2 are covered, want %+v", p.name, got, p.want1)
		}
		sum, want = sum.plus(count(c, false)), want.plus(p.want)
	}
	if sum != total || want != total {
		t.Errorf("all in all %+v are covered of %+v, want %+v", sum, want, total)
	}
}

// Nothing is counted twice.
func TestNothingIsListedTwice(t *testing.T) {
	for _, p := range plugins {
		c := plugtest.ReadCoverageOf(t, dir(p.name))
		var names []string
		for _, request := range c.Requests {
			names = append(names, "request "+request.Over+" "+request.Name)
		}
		for _, event := range c.Events {
			names = append(names, "event "+event.Struct)
		}
		for _, code := range c.Errors {
			names = append(names, fmt.Sprint("error ", code.Code), "error "+code.Name)
		}
		slices.Sort(names)
		for i := 1; i < len(names); i++ {
			if names[i] == names[i-1] {
				t.Errorf("%s: %s is listed twice", p.name, names[i])
			}
		}
	}
}

// Each folder of plugin is counted, and has a test that holds its table against
// its code.
func TestEachPackageIsCounted(t *testing.T) {
	entries, err := os.ReadDir("../../plugin")
	if err != nil {
		t.Fatal(err)
	}
	var folders, names []string
	for _, entry := range entries {
		if entry.IsDir() {
			folders = append(folders, entry.Name())
		}
	}
	for _, p := range plugins {
		names = append(names, p.name)
		test, err := os.ReadFile(filepath.Join(dir(p.name), "coverage_test.go"))
		if err != nil {
			t.Error(err)
		}
		for _, check := range []string{"CheckCoverage(t, pkg)", "CheckRequests(t, pkg)", "CheckSamples(t, pkg)"} {
			if !bytes.Contains(test, []byte(check)) {
				t.Errorf("the test of %s does not call %s", p.name, check)
			}
		}
	}
	slices.Sort(names)
	if !slices.Equal(folders, names) {
		t.Errorf("there are the packages %v, counted are %v", folders, names)
	}
}

// docs/plugins.md is made of the tables. To write it:
//
//	go test ./internal/plugincount -update
func TestPage(t *testing.T) {
	want := writePage(t)
	if *update {
		if err := os.WriteFile(page, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the tables say: run go test ./internal/plugincount -update", page)
	}
}
