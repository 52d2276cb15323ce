// Package theme is the one place that knows how things look: the only package of kubectl scars that imports lipgloss.
// It uses the 16 ANSI colours alone, which every user has fitted to a background of their own, and never asks a terminal for its
// background: that switches it to raw mode and may wait for an answer that never comes.
package theme

import (
	"io"

	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"
)

// Style is what a piece of text is for.
type Style int

// The styles. Colour never carries the meaning alone: each coloured piece is a glyph or a word that says the same.
const (
	Plain    Style = iota
	Strong         // the sentence to read first
	Faint          // needed once in a while: sources, times, fingerprints
	Heading        // the name of a group
	Critical       // badges: a field of red with the terminal's own background as text, and black on yellow or cyan, which read
	Warning        // on dark and light alike. Not bold where black: some terminals show bold black as grey
	Info
	Good  // the glyph of a healthy line
	Gap   // the glyph of what could not be judged
	Paste // a command
)

// Theme paints text. It holds no global state: each writer has its own.
type Theme struct{ styles map[Style]lipgloss.Style }

// New makes the theme for one writer, with colour or without. Whether there is colour was decided before (package term);
// lipgloss would ask the environment again unless its profile is set explicitly.
func New(w io.Writer, colour bool) Theme {
	r := lipgloss.NewRenderer(w)
	r.SetHasDarkBackground(true)
	r.SetColorProfile(termenv.Ascii)
	if colour {
		r.SetColorProfile(termenv.ANSI)
	}
	const black, red, green, yellow, cyan = "0", "1", "2", "3", "6"
	field := func(colour string) lipgloss.Style {
		return r.NewStyle().Foreground(lipgloss.Color(black)).Background(lipgloss.Color(colour))
	}
	return Theme{map[Style]lipgloss.Style{
		Plain:    r.NewStyle(),
		Strong:   r.NewStyle().Bold(true),
		Faint:    r.NewStyle().Faint(true),
		Heading:  r.NewStyle().Bold(true),
		Critical: r.NewStyle().Bold(true).Reverse(true).Foreground(lipgloss.Color(red)),
		Warning:  field(yellow),
		Info:     field(cyan),
		Good:     r.NewStyle().Foreground(lipgloss.Color(green)),
		Gap:      field(yellow),
		Paste:    r.NewStyle(),
	}}
}

// Paint styles a piece of one line. Text that is to be wrapped is wrapped before, never after.
func (t Theme) Paint(s Style, text string) string {
	if s == Plain || text == "" {
		return text
	}
	return t.styles[s].Render(text)
}
