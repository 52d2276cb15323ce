package render

// Pictures of memory over time: columns of the highest peak, the limit as a line, and where containers were killed.

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

// chart is one picture.
type chart struct {
	title       string
	points      []finding.Point
	recommended int64 // bytes, 0: none
}

const (
	chartRows = 8
	chartAxis = 9 // columns of the scale
)

// glyphs are what a column is made of, by eighths, and the lines.
type glyphs struct {
	eighths                   []string
	limit, better, kill, axis string
}

func (p *page) glyphs() glyphs {
	if p.UTF8 {
		return glyphs{[]string{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"}, "─", "┄", "✗", "│"}
	}
	return glyphs{[]string{" ", ".", ".", ".", ":", ":", ":", "#", "#"}, "-", "=", "x", "|"}
}

// chart draws a picture. Its width is that of its points, one column each; it never wraps.
func (p *page) chart(c chart) []string {
	g := p.glyphs()
	points := c.points
	if room := p.width - chartAxis - 4; p.width > 0 && len(points) > room {
		points = merged(points, max(room, 1))
	}
	top, limit := c.recommended, int64(0)
	for _, point := range points {
		top, limit = max(top, point.Peak, point.Limit), max(limit, point.Limit)
	}
	if top == 0 {
		return nil
	}
	row := float64(top) / (chartRows - 0.5) // the highest line is in the middle of its row
	at := func(bytes int64) int { return int(float64(bytes) / row) }
	lines := p.flow(2, 4, plain(c.title+"; "+g.limit+g.limit), plain("limit"))
	if c.recommended > 0 {
		lines = p.flow(2, 4, plain(c.title+";"), plain(g.limit+g.limit+" limit,"), plain(g.better+g.better+" recommended limit"))
	}
	for r := chartRows - 1; r >= 0; r-- {
		scale := ""
		switch r {
		case at(top), chartRows / 2, 0:
			scale = size(int64(math.Round((float64(r) + 0.5) * row)))
			if r == at(top) {
				scale = size(top)
			} else if r == 0 {
				scale = "0"
			}
		}
		var b strings.Builder
		for _, point := range points {
			fill := float64(point.Peak)/row - float64(r)
			cell := g.eighths[int(min(max(fill, 0), 1)*8)]
			switch {
			case cell != " " && fill >= 1:
			case point.Limit > 0 && at(point.Limit) == r:
				cell = g.limit
			case c.recommended > 0 && at(c.recommended) == r && cell == " ":
				cell = g.better
			}
			b.WriteString(cell)
		}
		lines = append(lines, fmt.Sprintf("  %*s %s%s", chartAxis-2, scale, g.axis, b.String()))
	}
	return append(lines, p.chartFoot(points, g)...)
}

// chartFoot marks the kills, and the first and the last day.
func (p *page) chartFoot(points []finding.Point, g glyphs) []string {
	var lines []string
	kills := 0
	var marks strings.Builder
	for _, point := range points {
		mark := " "
		if kills += point.Kills; point.Kills > 0 {
			mark = g.kill
		}
		marks.WriteString(mark)
	}
	margin := strings.Repeat(" ", chartAxis+2)
	if kills > 0 {
		lines = append(lines, fmt.Sprintf("  %*s %s%s", chartAxis-2, "killed", g.axis, marks.String()))
	}
	format := "2 Jan"
	if span := points[len(points)-1].Time.Sub(points[0].Time); span < 3*24*time.Hour {
		format = "2 Jan 15:04"
	}
	from, to := points[0].Time.Format(format), points[len(points)-1].Time.Format(format)
	if gap := len(points) - len(from) - len(to); gap > 0 {
		from += strings.Repeat(" ", gap) + to
	}
	return append(lines, margin+from)
}

// merged makes fewer points of many.
func merged(points []finding.Point, n int) []finding.Point {
	out := make([]finding.Point, n)
	for i, point := range points {
		o := &out[i*n/len(points)]
		o.Time, o.Peak, o.Limit, o.Kills = point.Time, max(o.Peak, point.Peak), max(o.Limit, point.Limit), o.Kills+point.Kills
	}
	return out
}
