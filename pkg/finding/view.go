package finding

// This file holds what every view has in common. A view answers a question with data of its own instead of findings: a ranking, a
// recommendation, a calendar. Its wire type embeds ViewHead and has a kind of its own.

// ViewHead is what every view begins with.
type ViewHead struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Metadata   Metadata `json:"metadata"`

	// CannotSay lists what the view would have said, had it been known.
	CannotSay []Gap `json:"cannotSay"`

	// Coverage lists every input that was wanted and how reading it went.
	Coverage []Coverage `json:"coverage"`
}

// Head gives the head of a view. It makes whatever embeds a ViewHead a View.
func (h *ViewHead) Head() *ViewHead { return h }

// View is a wire type of a kind of its own.
type View interface {
	Head() *ViewHead

	// Objects are what the view is about, in its order: what -o name prints.
	Objects() []ObjectRef
}

// NewHead makes the head of a view of a kind, whose lists are empty, not null; metadata and coverage are filled in by who runs it.
func NewHead(kind string) ViewHead {
	return ViewHead{APIVersion: APIVersion, Kind: kind, CannotSay: []Gap{}, Coverage: []Coverage{}}
}
