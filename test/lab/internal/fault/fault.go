package fault

// The faults, and who gets which.

import (
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
)

// Kind is a way in which an answer goes wrong.
type Kind string

// The faults. Each is what a client sees of an API server, or of what stands before one, that is in trouble.
const (
	None          Kind = ""
	Latency       Kind = "latency"        // the answer comes late
	Reset         Kind = "reset"          // the connection breaks in the middle of the body
	Expired       Kind = "expired"        // 410 on a continue token, with one to go on with
	ExpiredForce  Kind = "expired-force"  // 410 on a continue token, without one
	Throttled     Kind = "throttled"      // 429 with Retry-After
	Internal      Kind = "internal"       // 500
	Unavailable   Kind = "unavailable"    // 503
	Forbidden     Kind = "forbidden"      // 403
	NotFound      Kind = "not-found"      // 404 as of an object that is gone; not one of Kinds, since it is an answer
	Truncated     Kind = "truncated"      // a body that is cut, and a Content-Length that agrees
	WrongType     Kind = "wrong-type"     // a login page
	Slow          Kind = "slow"           // a body that dribbles
	Hang          Kind = "hang"           // a body that begins and never ends
	TLS           Kind = "tls"            // the handshake fails
	Endless       Kind = "endless"        // pages without end
	EndlessCircle Kind = "endless-circle" // pages that begin anew
)

// Kinds are all faults.
func Kinds() []Kind {
	return []Kind{
		Latency, Reset, Expired, ExpiredForce, Throttled, Internal, Unavailable, Forbidden, Truncated, WrongType, Slow, Hang, TLS, Endless, EndlessCircle,
	}
}

// Plan decides about each request.
type Plan func(r *http.Request) Kind

// Always gives one fault to every request whose path contains a text.
func Always(kind Kind, path string) Plan {
	return func(r *http.Request) Kind {
		if strings.Contains(r.URL.Path, path) {
			return kind
		}
		return None
	}
}

// Random gives a share of the requests (0…1) one of some faults. What a request gets follows from the seed, from what it asks and from how
// often that was asked before, and not from the order in which others come.
func Random(seed uint64, share float64, kinds []Kind) Plan {
	var mu sync.Mutex
	asked := map[string]uint64{}
	return func(r *http.Request) Kind {
		what := r.Method + " " + r.URL.Path + " " + r.URL.Query().Get("fieldSelector") // continue tokens differ between clusters
		mu.Lock()
		n := asked[what]
		asked[what]++
		mu.Unlock()
		h := fnv.New64a()
		_, _ = h.Write([]byte(what))
		draw := rand.New(rand.NewPCG(seed, h.Sum64()+n))
		if draw.Float64() >= share {
			return None
		}
		return kinds[draw.IntN(len(kinds))]
	}
}
