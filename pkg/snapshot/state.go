package snapshot

// This file says how completely a kind was read: the open world, in which a missing object is absent only where that is known.

// Status says how reading a kind went.
type Status string

// The statuses of a kind in a namespace. The empty status means that nobody tried.
const (
	OK        Status = "ok"        // read to the end
	Forbidden Status = "forbidden" // the server said no
	NotServed Status = "absent"    // the cluster has no such API: known to be empty
	Partial   Status = "partial"   // some of it was read
	Failed    Status = "failed"    // nothing of it could be read
)

// State is a status with its reason. Assumed marks plain objects, which carry no proof of completeness: OK and Assumed is taken for
// complete; Partial and Assumed is a manifest, of which all was read and which does not show what else there is. Torn marks a listing
// whose pages are from different moments: each object was there at some moment of it, no two need have been there at once.
type State struct {
	Status  Status `json:"status"`
	Reason  string `json:"reason,omitempty"`
	Assumed bool   `json:"assumed,omitempty"`
	Torn    bool   `json:"torn,omitempty"`
}

// Readable tells whether anything was read.
func (s State) Readable() bool { return s.Status == OK || s.Status == Partial || s.Status == NotServed }

// Knowledge says whether a listing is known to be complete.
type Knowledge int

// The grades of knowledge.
const (
	Unknown Knowledge = iota // not read, or not to the end
	Assumed                  // plain objects with a server's marks: taken for complete
	Known                    // read to the end
)

// Presence answers whether an object exists.
type Presence int

// The answers.
const (
	CannotTell    Presence = iota // not there, but what is there is not known
	Present                       // it is in the snapshot
	AbsentAssumed                 // not among plain objects that are taken for complete
	Absent                        // known not to exist
)

func (s State) knowledge() Knowledge {
	switch {
	case s.Status == OK && s.Assumed:
		return Assumed
	case s.Status == OK, s.Status == NotServed:
		return Known
	default:
		return Unknown
	}
}

// place is a kind in a namespace; the empty namespace is the whole cluster.
type place struct {
	Kind      Kind
	Namespace string
}

// key names an object of a kind.
type key struct{ Namespace, Name string }

// Ask names one object that a check wants besides the listings.
type Ask struct {
	Kind      Kind
	Namespace string
	Name      string
}

// Sealed is how reading one kind, or one asked-for object, went.
type Sealed struct {
	Kind      Kind   `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name,omitempty"` // set for an asked-for object
	State     State  `json:"state"`
}
