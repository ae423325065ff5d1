// Package browsertest tests the programs of examples/conference and
// examples/monitor in Chromium, with real media through a real Janus.
package browsertest
