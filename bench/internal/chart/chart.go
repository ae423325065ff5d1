// Package chart draws the pictures of the report, as SVG.
package chart

import (
	"bytes"
	"image/color"
	"math"
	"os"
	"sort"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/cameronelliott/janus-go/bench/internal/stats"
)

// Chart is a picture of medians, with their quartiles, over two logarithmic
// axes.
type Chart struct {
	Title, X, Y string
	XTicks      []float64
	Lines       []Line
}

// Line is what one contender contributes.
type Line struct {
	Name   string
	Style  int // lines of the same Style look the same in every chart
	Points []Point
}

// Point is a measurement at X.
type Point struct {
	X float64
	Y stats.Summary
}

// The legend stands beside the plot, where no line can run through it.
const (
	width       = 22 * vg.Centimeter
	height      = 12 * vg.Centimeter
	margin      = 3 * vg.Millimeter
	legendWidth = 38 * vg.Millimeter
)

// fontNames are the plot's font and what replaces it where it is not installed:
// fonts of the same widths first.
const (
	fontName  = "font-family:Liberation Sans"
	fontNames = fontName + ",Arial,Helvetica,sans-serif"
)

// styles are colours that remain distinct to colour-blind eyes and in print,
// each with a glyph.
var styles = []struct {
	color color.Color
	glyph draw.GlyphDrawer
}{
	{color.RGBA{R: 0x00, G: 0x72, B: 0xB2, A: 0xFF}, draw.CircleGlyph{}},
	{color.RGBA{R: 0x55, G: 0x55, B: 0x55, A: 0xFF}, draw.CrossGlyph{}},
	{color.RGBA{R: 0xD5, G: 0x5E, B: 0x00, A: 0xFF}, draw.TriangleGlyph{}},
	{color.RGBA{R: 0x00, G: 0x9E, B: 0x73, A: 0xFF}, draw.SquareGlyph{}},
	{color.RGBA{R: 0x56, G: 0xB4, B: 0xE9, A: 0xFF}, draw.RingGlyph{}},
}

// Save writes the chart to a file.
func (c *Chart) Save(path string) error {
	p, err := c.plot()
	if err != nil {
		return err
	}
	svg := vgsvg.New(width, height)
	canvas := draw.New(svg)
	canvas.SetColor(color.White) // also where the page around is dark
	canvas.Fill(canvas.Rectangle.Path())
	legend := p.Legend
	p.Legend = plot.NewLegend()
	p.Draw(draw.Crop(canvas, margin, -legendWidth-2*margin, margin, -margin))
	legend.Draw(draw.Crop(canvas, width-legendWidth-margin, -margin, margin, -height/8))

	var text bytes.Buffer
	if _, err := svg.WriteTo(&text); err != nil {
		return err
	}
	named := bytes.ReplaceAll(text.Bytes(), []byte(fontName), []byte(fontNames))
	return os.WriteFile(path, named, 0o644)
}

// plot is the picture before it is laid out.
func (c *Chart) plot() (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = c.Title, c.X, c.Y
	p.Title.Padding = 3 * vg.Millimeter
	p.X.Label.Padding, p.Y.Label.Padding = 2*vg.Millimeter, 2*vg.Millimeter
	for _, style := range []*draw.TextStyle{
		&p.Title.TextStyle, &p.X.Label.TextStyle, &p.Y.Label.TextStyle,
		&p.X.Tick.Label, &p.Y.Tick.Label, &p.Legend.TextStyle,
	} {
		style.Font.Variant = "Sans"
	}
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker = ticks(c.XTicks)
	p.Add(plotter.NewGrid())
	for _, line := range c.Lines {
		if err := line.add(p); err != nil {
			return nil, err
		}
	}
	p.Y.Min, p.Y.Max = c.rangeOfY()
	p.Y.Tick.Marker = ticks(steps(p.Y.Min, p.Y.Max))
	p.Legend.Top, p.Legend.Left = true, true
	p.Legend.Padding = 2 * vg.Millimeter
	p.Legend.ThumbnailWidth = 8 * vg.Millimeter
	return p, nil
}

// add draws the line, its points and their quartiles.
func (l *Line) add(p *plot.Plot) error {
	line, points, err := plotter.NewLinePoints(l)
	if err != nil {
		return err
	}
	bars, err := plotter.NewYErrorBars(l)
	if err != nil {
		return err
	}
	style := styles[l.Style%len(styles)]
	line.Color, bars.Color = style.color, style.color
	line.Width = vg.Points(1.5)
	points.Color, points.Shape, points.Radius = style.color, style.glyph, vg.Points(3)
	p.Add(line, bars, points)
	p.Legend.Add(l.Name, line, points)
	return nil
}

// Len is the number of points.
func (l *Line) Len() int { return len(l.Points) }

// XY is where point i is.
func (l *Line) XY(i int) (x, y float64) { return l.Points[i].X, l.Points[i].Y.Median }

// YError is how far the quartiles of point i are from it.
func (l *Line) YError(i int) (low, high float64) {
	y := l.Points[i].Y
	return y.Median - y.Low, y.High - y.Median
}

// rangeOfY is from the step below the lowest point to the one above the highest.
func (c *Chart) rangeOfY() (low, high float64) {
	low, high = math.Inf(1), 0
	for _, line := range c.Lines {
		for _, point := range line.Points {
			low, high = min(low, point.Y.Low), max(high, point.Y.High)
		}
	}
	all := steps(low/10, high*10)
	below := sort.SearchFloat64s(all, low)
	above := sort.SearchFloat64s(all, high)
	return all[max(below-1, 0)], all[above]
}

// steps are 1, 2 and 5 in each decade from low to high.
func steps(low, high float64) (values []float64) {
	for decade := math.Pow(10, math.Floor(math.Log10(low))); decade <= high; decade *= 10 {
		for _, step := range []float64{1, 2, 5} {
			if v := decade * step; v >= low && v <= high {
				values = append(values, v)
			}
		}
	}
	return values
}

// ticks labels these values.
func ticks(values []float64) plot.ConstantTicks {
	marks := make(plot.ConstantTicks, len(values))
	for i, v := range values {
		marks[i] = plot.Tick{Value: v, Label: label(v)}
	}
	return marks
}

// label separates the thousands of large numbers.
func label(v float64) string {
	text := strconv.FormatFloat(v, 'g', 6, 64)
	if v >= 1000 && len(text) > 3 {
		text = text[:len(text)-3] + "," + text[len(text)-3:]
	}
	return text
}
