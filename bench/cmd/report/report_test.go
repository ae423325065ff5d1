package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cameronelliott/janus-go/internal/realjanus"
)

// The whole report can be made, in small. Peers are not fetched for it.
func TestReport(t *testing.T) {
	small := scale{
		Rounds:   2,
		Round:    time.Millisecond,
		InFlight: []int{1, 64},
		Handles:  []int{1, 10, 1_000},
		Routed:   []int{10, 1_000},
		Idle:     []int{1_000},
		Sessions: 100,
	}
	out := t.TempDir()
	err := run(context.Background(), "../..", out, small, false)
	if errors.Is(err, realjanus.ErrNotInstalled) && os.Getenv("JANUS_TEST") != "require" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"README.md", pictureReal, pictureScripted, pictureEvents} {
		text, err := os.ReadFile(filepath.Join(out, name))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "NaN") {
			t.Errorf("%s has figures that were not measured:\n%s", name, text)
		}
	}
}

func TestNumbers(t *testing.T) {
	for v, want := range map[float64]string{0: "0.00", 1.234: "1.23", 12.34: "12.3", 123.4: "123", 1234567.8: "1,234,568"} {
		if got := digits(v); got != want {
			t.Errorf("%v is written %s, not %s", v, got, want)
		}
	}
	if got := plural(1, "handle") + ", " + plural(1000, "handle"); got != "1 handle, 1,000 handles" {
		t.Error(got)
	}
}
