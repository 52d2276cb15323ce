// Package promtest is a small Prometheus for tests: it holds the samples that it was made of, answers the queries that this tool asks and
// no others, has Prometheus' limits, and can be told to misbehave.
package promtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Series is one series: its labels, __name__ among them, and its samples in order.
type Series struct {
	Labels  map[string]string
	Samples []Sample
}

// Sample is a value at a time, in seconds since the epoch.
type Sample struct {
	At    int64
	Value float64
}

// Options describe a server.
type Options struct {
	Series     []Series
	Now        time.Time // of the Date header; zero: the real time
	Prefix     string    // path before /api/v1
	MaxSamples int       // --query.max-samples; 0: no limit
	MaxPoints  int       // of one series in one answer; 0: 11,000, as in Prometheus
	Warning    string    // told with each answer

	// Fault may answer in the server's place; then it returns true. n counts the requests, from 1.
	Fault func(w http.ResponseWriter, r *http.Request, n int) bool
}

// Server is a running server.
type Server struct {
	*httptest.Server
	o Options

	mu       sync.Mutex
	requests []string
	now, max int
}

// Start starts a server; Close must follow.
func Start(o Options) *Server {
	if o.MaxPoints == 0 {
		o.MaxPoints = 11000
	}
	s := &Server{o: o}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	return s
}

// Requests lists what was asked, as method, path and query.
func (s *Server) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// MostAtOnce is how many requests were under way at the same time, at most.
func (s *Server) MostAtOnce() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.max
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests = append(s.requests, r.Method+" "+r.URL.Path+"?"+r.URL.RawQuery)
	n := len(s.requests)
	s.now++
	s.max = max(s.max, s.now)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.now--
		s.mu.Unlock()
	}()
	if !s.o.Now.IsZero() {
		w.Header().Set("Date", s.o.Now.UTC().Format(http.TimeFormat))
	}
	path, ok := strings.CutPrefix(r.URL.Path, s.o.Prefix+"/api/v1/")
	switch {
	case s.o.Fault != nil && s.o.Fault(w, r, n):
	case !ok || r.Method != http.MethodGet:
		http.NotFound(w, r)
	case path == "status/buildinfo":
		s.answer(w, map[string]string{"version": "2.42.0"})
	case path == "query_range":
		s.queryRange(w, r)
	case path == "query":
		s.query(w, r)
	case path == "series":
		out := []any{}
		for _, one := range s.selected(r) {
			out = append(out, one.Labels)
		}
		s.answer(w, out)
	case strings.HasPrefix(path, "label/"):
		label := strings.TrimSuffix(strings.TrimPrefix(path, "label/"), "/values")
		out := []string{}
		for _, one := range s.selected(r) {
			if v := one.Labels[label]; v != "" && !slices.Contains(out, v) {
				out = append(out, v)
			}
		}
		s.answer(w, out)
	default:
		http.NotFound(w, r)
	}
}

func (s *Server) answer(w http.ResponseWriter, data any) {
	out := map[string]any{"status": "success", "data": data}
	if s.o.Warning != "" {
		out["warnings"] = []string{s.o.Warning}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(out)
}

// Refuse answers as Prometheus does when it refuses.
func Refuse(w http.ResponseWriter, status int, kind, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"status": "error", "errorType": kind, "error": text})
}

// selected are the series that match[] finds and that have a sample in the time.
func (s *Server) selected(r *http.Request) []Series {
	from, to := number(r, "start"), number(r, "end")
	var out []Series
	m, err := parseSelector(r.FormValue("match[]"))
	if err != nil {
		panic(err)
	}
	for _, one := range s.o.Series {
		if m.fits(one.Labels) && slices.ContainsFunc(one.Samples, func(x Sample) bool { return x.At >= from && x.At <= to }) {
			out = append(out, one)
		}
	}
	return out
}

func (s *Server) queryRange(w http.ResponseWriter, r *http.Request) {
	from, to, step := number(r, "start"), number(r, "end"), number(r, "step")
	if (to-from)/step+1 > int64(s.o.MaxPoints) {
		Refuse(w, http.StatusBadRequest, "bad_data", "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)")
		return
	}
	result, cost := s.evaluate(r.FormValue("query"), from, to, step)
	if s.o.MaxSamples > 0 && cost > s.o.MaxSamples {
		Refuse(w, http.StatusUnprocessableEntity, "execution", "query processing would load too many samples into memory in query execution")
		return
	}
	out := []any{}
	for _, one := range result {
		values := [][2]any{}
		for _, x := range one.Samples {
			values = append(values, [2]any{x.At, strconv.FormatFloat(x.Value, 'f', -1, 64)})
		}
		out = append(out, map[string]any{"metric": one.Labels, "values": values})
	}
	s.answer(w, map[string]any{"resultType": "matrix", "result": out})
}

func (s *Server) query(w http.ResponseWriter, r *http.Request) {
	at := number(r, "time")
	result, _ := s.evaluate(r.FormValue("query"), at, at, 1)
	out := []any{}
	for _, one := range result {
		x := one.Samples[0]
		out = append(out, map[string]any{"metric": one.Labels, "value": [2]any{x.At, strconv.FormatFloat(x.Value, 'f', -1, 64)}})
	}
	s.answer(w, map[string]any{"resultType": "vector", "result": out})
}

func number(r *http.Request, name string) int64 {
	v, err := strconv.ParseInt(r.FormValue(name), 10, 64)
	if err != nil {
		panic(fmt.Sprintf("%s: %v", name, err))
	}
	return v
}
