package chart

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cameronelliott/janus-go/bench/internal/stats"
)

// A chart is well-formed SVG that names its axes and lines.
func TestSave(t *testing.T) {
	c := Chart{Title: "title", X: "across", Y: "up", XTicks: []float64{1, 1000}, Lines: []Line{
		{Name: "one", Points: []Point{{1, stats.Of([]float64{3, 4, 5})}, {1000, stats.Of([]float64{30, 40, 50})}}},
		{Name: "two", Style: 1, Points: []Point{{1000, stats.Of([]float64{7})}}},
	}}
	path := filepath.Join(t.TempDir(), "chart.svg")
	if err := c.Save(path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for decoder := xml.NewDecoder(strings.NewReader(string(text))); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{">title<", ">across<", ">up<", ">one<", ">two<", ">1,000<", ">50<", "sans-serif"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in the picture", want)
		}
	}
}
