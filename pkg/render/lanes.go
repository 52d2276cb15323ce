package render

// Pictures of replicas over time: a row for each, a column for each slice of time, letters for what happened. Colour adds nothing, so
// that there is none.

import (
	"slices"
	"strings"
	"time"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/term"
)

// lanes is one picture.
type lanes struct {
	from, to time.Time
	rows     []lane
	noun     string // what one row that is left out is, in the singular
	fixed    int    // so many rows at the top are never left out
}

// lane is one row.
type lane struct {
	name  string
	note  string // behind the row
	spans []finding.TimelineSpan
	marks []finding.TimelineMark
	since time.Time // it was not there before; zero where that is not known
}

const (
	laneName  = 26 // columns of the name at most
	laneNote  = 10
	laneUsual = 60 // columns of time where no width is given
	laneLeast = 10
)

// letters are what the picture is drawn with, what there is to say first.
type letters struct {
	states  map[finding.TimelineState]string
	marks   map[finding.TimelineMarkKind]string
	unknown string
}

func (p *page) letters() letters {
	l := letters{
		states: map[finding.TimelineState]string{
			finding.TimelineStarting: ":", finding.TimelineReady: "=", finding.TimelineUnready: "_", finding.TimelineBackOff: "b", finding.TimelineRunning: "~",
		},
		marks: map[finding.TimelineMarkKind]string{
			finding.MarkKilled: "K", finding.MarkEnded: "E", finding.MarkBackOff: "B", finding.MarkRollout: "R", finding.MarkNode: "N", finding.MarkProbeFailed: "!",
		},
		unknown: ".",
	}
	if p.UTF8 {
		l.states[finding.TimelineStarting], l.states[finding.TimelineReady], l.states[finding.TimelineUnready], l.unknown = "░", "█", "▁", "·"
	}
	return l
}

// markOrder says which mark is drawn where several fall into one column.
func markOrder() []finding.TimelineMarkKind {
	return []finding.TimelineMarkKind{finding.MarkKilled, finding.MarkEnded, finding.MarkRollout, finding.MarkNode, finding.MarkBackOff, finding.MarkProbeFailed}
}

// stateOrder says which state is drawn where several fall into one column, or two containers of a pod differ: the worst.
func stateOrder() []finding.TimelineState {
	return []finding.TimelineState{finding.TimelineBackOff, finding.TimelineStarting, finding.TimelineUnready, finding.TimelineReady, finding.TimelineRunning}
}

// lanes draws at most so many rows (fewer than none: all of them), and never wraps one.
func (p *page) lanes(l lanes, most int) []string {
	rows := l.rows
	if most >= 0 && len(rows) > l.fixed+most+1 {
		rows = rows[:l.fixed+most]
	}
	name, note := 0, 0
	for _, r := range rows {
		name, note = max(name, min(term.Cells(p.text(r.name)), laneName)), max(note, min(term.Cells(r.note), laneNote))
	}
	columns := laneUsual
	if p.width > 0 {
		columns = max(p.width-2-name-2-1-note, laneLeast)
	}
	use := p.letters()
	var lines []string
	for _, r := range rows {
		label := term.Clip(p.text(r.name), name, p.text("…"))
		line := "  " + label + strings.Repeat(" ", name-term.Cells(label)+1) + "|" + l.draw(r, columns, use) + " " + r.note
		lines = append(lines, p.cutLine(strings.TrimRight(line, " ")))
	}
	if n := len(l.rows) - len(rows); n > 0 {
		lines = append(lines, p.flow(2, 4, faint("… and "+number(n, "more "+l.noun, "more "+l.noun+"s")))...)
	}
	lines = append(lines, p.cutLine(strings.Repeat(" ", name+4)+l.axis(columns)))
	return append(lines, p.laneLegend(rows, use)...)
}

func (p *page) cutLine(line string) string {
	if p.width > 0 {
		return term.Clip(line, p.width, "")
	}
	return line
}

// draw is one row: the states, and over them the marks.
func (l lanes) draw(r lane, columns int, use letters) string {
	cells := make([]string, columns)
	length := l.to.Sub(l.from)
	start := func(i int) time.Time { return l.from.Add(length * time.Duration(i) / time.Duration(columns)) }
	at := func(t time.Time) int {
		return min(int(float64(t.Sub(l.from))/float64(length)*float64(columns)), columns-1)
	}
	for i := range cells {
		from, to := start(i), start(i+1)
		cells[i] = use.unknown
		if !r.since.IsZero() && !to.After(r.since) {
			cells[i] = " "
			continue
		}
		if state, ok := stateIn(r.spans, from, to); ok {
			cells[i] = use.states[state]
		}
	}
	order := markOrder()
	slices.Reverse(order)
	for _, kind := range order { // the most important is drawn last, over the others
		for _, m := range r.marks {
			for _, t := range []time.Time{m.First, m.Last} {
				if m.Mark == kind && !t.Before(l.from) && !t.After(l.to) {
					cells[at(t)] = use.marks[kind]
				}
			}
		}
	}
	return strings.Join(cells, "")
}

func stateIn(spans []finding.TimelineSpan, from, to time.Time) (finding.TimelineState, bool) {
	for _, state := range stateOrder() {
		for _, s := range spans {
			if s.State == state && s.From.Before(to) && s.To.After(from) {
				return state, true
			}
		}
	}
	return "", false
}

// axis says when the picture begins and ends.
func (l lanes) axis(columns int) string {
	format := "15:04:05"
	if l.to.Sub(l.from) > 20*time.Hour {
		format = "2 Jan 15:04"
	}
	from, to := l.from.UTC().Format(format), l.to.UTC().Format(format)+" UTC"
	if middle := l.from.Add(l.to.Sub(l.from) / 2).UTC().Format(format); columns >= len(from)+len(middle)+len(to)+8 {
		gap := columns/2 - len(from)
		from += strings.Repeat(" ", gap) + middle
	}
	return from + strings.Repeat(" ", max(columns-len(from)-len(to), 1)) + to
}

// laneLegend explains the letters that were drawn, and no others.
func (p *page) laneLegend(rows []lane, use letters) []string {
	var words []span
	add := func(letter, word string) { words = append(words, span{text: letter + " " + word + ",", solid: true}) }
	said := map[finding.TimelineMarkKind]string{
		finding.MarkKilled: "killed by a probe", finding.MarkEnded: "ended otherwise", finding.MarkBackOff: "back-off", finding.MarkRollout: "rollout",
		finding.MarkNode: "node trouble", finding.MarkProbeFailed: "probe failed",
	}
	for _, state := range []finding.TimelineState{finding.TimelineStarting, finding.TimelineReady, finding.TimelineUnready, finding.TimelineBackOff, finding.TimelineRunning} {
		if slices.ContainsFunc(rows, func(r lane) bool {
			return slices.ContainsFunc(r.spans, func(s finding.TimelineSpan) bool { return s.State == state })
		}) {
			word := map[finding.TimelineState]string{finding.TimelineBackOff: "not running", finding.TimelineRunning: "ran, ready or not"}[state]
			if word == "" {
				word = string(state)
			}
			add(use.states[state], word)
		}
	}
	for _, kind := range markOrder() {
		if slices.ContainsFunc(rows, func(r lane) bool {
			return slices.ContainsFunc(r.marks, func(m finding.TimelineMark) bool { return m.Mark == kind })
		}) {
			add(use.marks[kind], said[kind])
		}
	}
	return p.flow(2, 4, append(words, span{text: use.unknown + " unknown", solid: true})...)
}
