package render

// One finding as a card: what and how sure, the cause, the proof, the remedy.

import (
	"strings"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/render/theme"
	"github.com/kubectl-scars/kubectl-scars/pkg/term"
)

// The first screen shows what matters of long things; wide, and any pipe, shows all.
const (
	maxEvidence     = 5   // lines of proof for one finding
	maxMessageCells = 480 // of a message
	maxValueCells   = 200 // of a value
)

func (p *page) card(f finding.Finding) []string {
	lines := append(p.headline(f), p.memory(f.Memory)...)
	lines = append(lines, p.evidence(f, maxEvidence)...)
	for _, fix := range f.Fix {
		lines = append(lines, p.fix(fix)...)
	}
	if p.wide {
		lines = append(lines, p.reference(f)...)
	}
	return lines
}

// cut is a card that fits into room lines, below the name of its object: the cause in any case, then as much of the remedy as there is room
// for, of the first step at least the sentence, then of the proof.
func (p *page) cut(f finding.Finding, room int) []string {
	lines := append(p.heading(f), p.headline(f)...)
	left := room - p.rows(lines)
	var fixes []string
	for i, x := range f.Fix {
		one := p.fix(x)
		if i == 0 {
			one = p.step(f, left)
		}
		if p.rows(one) > left {
			break
		}
		fixes, left = append(fixes, one...), left-p.rows(one)
	}
	if memory := p.memory(f.Memory); p.rows(memory) <= left {
		lines, left = append(lines, memory...), left-p.rows(memory)
	}
	for most := maxEvidence; most > 1; most-- {
		if proof := p.evidence(f, most); p.rows(proof) <= left {
			lines = append(lines, proof...)
			break
		}
	}
	return append(lines, fixes...)
}

// step is what to do first, in room lines: with its command, without it, or nothing.
func (p *page) step(f finding.Finding, room int) []string {
	if len(f.Fix) == 0 {
		return nil
	}
	for _, x := range []finding.Fix{f.Fix[0], {Text: f.Fix[0].Text}} {
		if lines := p.fix(x); p.rows(lines) <= room {
			return lines
		}
	}
	return nil
}

// headline says what is wrong. On a terminal the cause has lines of its own; in a pipe all stands on one line, for grep.
func (p *page) headline(f finding.Finding) []string {
	what := []span{p.badge(f.Severity), plain(f.Check)}
	if !p.Terminal {
		what = append(what, plain(p.ref(f.Object)))
	}
	if f.Object.Container != "" {
		what = append(what, faint("·"), plain("container "+f.Object.Container))
	}
	var sure []string
	for _, s := range []string{string(f.Confidence), p.lasting(f)} {
		if s != "" {
			sure = append(sure, s)
		}
	}
	message := strong(p.clip(f.Message, maxMessageCells))
	if !p.Terminal {
		what[len(what)-1].text += ":"
		what = append(what, message)
		if len(sure) > 0 {
			what = append(what, plain("("+strings.Join(sure, ", ")+")"))
		}
		return p.flow(0, 0, what...)
	}
	for _, s := range sure {
		what = append(what, faint("· "+s))
	}
	return append(p.flow(0, 4, what...), p.flow(2, 2, message)...)
}

// badge is the severity as glyph and word.
func (p *page) badge(s finding.Severity) span {
	word := strings.ToUpper(string(s))
	switch s {
	case finding.Critical:
		return span{text: "✗ " + word, style: theme.Critical, solid: true}
	case finding.Warning:
		return span{text: "▲ " + word, style: theme.Warning, solid: true}
	case finding.Info:
		return span{text: "○ " + word, style: theme.Info, solid: true}
	default:
		return span{text: "? " + word, style: theme.Gap, solid: true}
	}
}

// evidence shows the lines of proof. On a terminal those of one object stand below its name; in a pipe each line names its object.
// On the first screen there are most lines, of which the last counts what is left out.
func (p *page) evidence(f finding.Finding, most int) []string {
	shown := f.Evidence
	if p.short() && len(shown) > most {
		shown = shown[:most-1]
	}
	var lines []string
	for i := 0; i < len(shown); {
		j := i + 1
		for j < len(shown) && shown[j].Object == shown[i].Object {
			j++
		}
		lines = append(lines, p.evidenceOf(p.source(f, shown[i].Object), shown[i:j])...)
		i = j
	}
	switch n := len(f.Evidence) - len(shown); {
	case n > 0:
		lines = append(lines, p.flow(4, 6, faint("… "+itoa(n+f.MoreEvidence)+" more lines of evidence: -o wide"))...)
	case f.MoreEvidence > 0:
		lines = append(lines, p.flow(4, 6, faint("… and "+itoa(f.MoreEvidence)+" more of the kind"))...)
	}
	return lines
}

// source names the object that evidence comes from. The finding's own namespace is known by then.
func (p *page) source(f finding.Finding, o finding.ObjectRef) string {
	if p.Terminal && o.Namespace == f.Object.Namespace {
		o.Namespace = ""
	}
	return p.ref(o)
}

// evidenceOf shows the proofs that one object gives: below its name, or beside it where there is one that fits.
func (p *page) evidenceOf(object string, all []finding.Evidence) []string {
	var lines []string
	for _, e := range all {
		spans := append([]span{plain(object)}, p.proof(e)...)
		beside := p.flow(4, 6, spans...)
		if !p.Terminal || len(all) == 1 && len(beside) == 1 {
			lines = append(lines, beside...)
			continue
		}
		if len(lines) == 0 {
			lines = p.flow(4, 6, plain(object))
		}
		lines = append(lines, p.flow(6, 8, spans[1:]...)...)
	}
	return lines
}

// proof is one line of evidence: where it stands, what it says, when.
func (p *page) proof(e finding.Evidence) []span {
	var spans []span
	source := e.Source
	if c := e.Object.Container; c != "" && !strings.Contains(source, "["+c+"]") {
		source = strings.TrimSpace("container " + c + " " + source)
	}
	if e.Count > 1 {
		source += " ×" + itoa(int(e.Count))
	}
	if source != "" {
		spans = append(spans, faint(source+":"))
	}
	spans = append(spans, plain(p.clip(e.Value, maxValueCells)))
	if at := p.when(e.Time); at != "" {
		spans = append(spans, faint("· "+at))
	}
	return spans
}

// fix is a sentence, then the command or patch on lines of their own, whole, so that they can be pasted.
func (p *page) fix(f finding.Fix) []string {
	var lines []string
	if f.Text != "" {
		lines = p.flow(2, 4, plain("→ "+f.Text))
	}
	if f.Command != "" {
		lines = append(lines, "    "+p.theme.Paint(theme.Paste, p.text(p.command(f.Command))))
	}
	if f.Patch != "" {
		for _, line := range strings.Split(strings.TrimRight(term.SanitizeBlock(f.Patch), "\n"), "\n") {
			lines = append(lines, "    "+p.text(line))
		}
	}
	return lines
}

// reference is what one comes back to: the fingerprint, and the command that explains the check, which needs no cluster.
func (p *page) reference(f finding.Finding) []string {
	program, _ := cutWord(p.Kubectl)
	lines := p.flow(2, 4, faint("fingerprint "+f.Fingerprint))
	command := p.text(program + strings.TrimPrefix(finding.Kubectl("", "scars", "explain", f.Check), "kubectl"))
	painted := p.theme.Paint(theme.Faint, command)
	if last := len(lines) - 1; p.fits(lines[last] + "   " + command) {
		lines[last] += "   " + painted
		return lines
	}
	return append(lines, "  "+painted)
}

// short tells whether long things are cut: on the first screen of a terminal only.
func (p *page) short() bool { return p.Terminal && !p.wide }

// clip cuts a long text on the first screen.
func (p *page) clip(s string, cells int) string {
	s = strings.TrimSpace(p.text(s))
	if !p.short() || term.Cells(s) <= cells {
		return s
	}
	return strings.TrimSpace(term.Clip(s, cells, "")) + " … (cut: -o wide)"
}

// fits tells whether a finished line fits the terminal.
func (p *page) fits(line string) bool { return p.width <= 0 || term.Cells(line) <= p.width }
