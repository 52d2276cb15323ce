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
	Reset         Kind = "reset"          // the TCP connection is reset in the middle of the body, with all that goes over it
	ResetStream   Kind = "reset-stream"   // the HTTP/2 stream is reset in the middle of the body; in HTTP/1.1 its connection is closed
	Expired       Kind = "expired"        // 410 on a continue token, with one to go on with
	ExpiredForce  Kind = "expired-force"  // 410 on a continue token, without one
	Throttled     Kind = "throttled"      // 429 with Retry-After
	Internal      Kind = "internal"       // 500
	Unavailable   Kind = "unavailable"    // 503
	Forbidden     Kind = "forbidden"      // 403
	NotFound      Kind = "not-found"      // 404 as of an object that is gone; not one of Kinds, since it is an answer
	Truncated     Kind = "truncated"      // a message that is cut, and a Content-Length that agrees
	TruncatedGzip Kind = "truncated-gzip" // the same of what is compressed
	WrongType     Kind = "wrong-type"     // a login page
	Slow          Kind = "slow"           // a body that dribbles
	Hang          Kind = "hang"           // a body that begins and never ends
	TLS           Kind = "tls"            // all connections are closed, and the next handshake fails
	Endless       Kind = "endless"        // empty pages without end
	EndlessCircle Kind = "endless-circle" // empty pages that begin anew
	EndlessSame   Kind = "endless-same"   // pages without end that all have the objects of the first
	EndlessFull   Kind = "endless-full"   // pages without end, each with new objects; not one of Kinds, since they are to be judged
	EndlessBody   Kind = "endless-body"   // a body without end
)

// Kinds are all faults.
func Kinds() []Kind {
	return []Kind{
		Latency, Reset, ResetStream, Expired, ExpiredForce, Throttled, Internal, Unavailable, Forbidden, Truncated, TruncatedGzip, WrongType, Slow, Hang, TLS,
		Endless, EndlessCircle, EndlessSame, EndlessBody,
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
