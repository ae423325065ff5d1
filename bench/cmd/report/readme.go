package main

import (
	"bytes"
	_ "embed"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"
)

//go:embed readme.md.tmpl
var readmeText string

var readmeTemplate = template.Must(template.New("readme").Parse(readmeText))

// notesFile has the part of the report that is written by hand.
const notesFile = "notes.md"

// page is the data of the template.
type page struct {
	Date             string
	Rounds, Repeats  int
	Versions         []string
	Machine          machine
	Stretches        string
	Missing          []string
	Problems         []string
	Bounds           []bound
	Requests, Events string
	Allocations      string
	Idle, Sessions   string
	Variants         string
	Gateways         string
	Cascade          *cascaded
	Conference       *conference
	Repeating        time.Duration
	VariantHandles   string
	GatewayHandles   string
	GatewayInFlight  int
	VariantInFlight  int
	Real, Scripted   string // pictures
	Cost             string
	Notes            string
}

// machine says how busy the machine was and how long the report took.
type machine struct {
	Before, After string // load averages
	Took          time.Duration
	Stretches     []stretch
}

func writeReadme(module, out string, s *stage, f figures, how scale, m machine, shown *cascaded, met *conference) error {
	notes, err := os.ReadFile(filepath.Join(module, notesFile))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	p := newPage(s, f, how, m)
	p.Cascade, p.Conference = shown, met
	p.Versions, p.Notes = versions(s.ctx, s), strings.TrimSpace(string(notes))
	text, err := p.render()
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, "README.md"), text, 0o644)
}

// newPage returns the page without what is not measured: versions and notes.
func newPage(s *stage, f figures, how scale, m machine) *page {
	return &page{
		Date:            time.Now().UTC().Format(time.DateOnly),
		Rounds:          how.Rounds,
		Repeats:         attempts - 1,
		Machine:         m,
		Stretches:       stretchesTable(m.Stretches),
		Missing:         s.Missing,
		Problems:        s.Problems,
		Bounds:          bounds(f, how),
		Requests:        requestsTable(s, f, how),
		Events:          eventsTable(s, f, how),
		Allocations:     allocationsTable(s, f),
		Idle:            idleTable(s, f, how),
		Sessions:        sessionsTable(s, f, how),
		Variants:        variantsTable(f),
		Gateways:        gatewaysTable(f, how),
		Repeating:       how.Repeating,
		VariantHandles:  thousands(variantHandles),
		GatewayHandles:  thousands(gatewayHandles),
		GatewayInFlight: gatewayInFlight,
		VariantInFlight: variantInFlight,
		Real:            pictureReal,
		Scripted:        pictureScripted,
		Cost:            pictureEvents,
	}
}

func (p *page) render() ([]byte, error) {
	var text bytes.Buffer
	err := readmeTemplate.Execute(&text, p)
	return text.Bytes(), err
}
