package promtest

// The queries: max by (pod,container)(max_over_time(METRIC{…}[60s])), with other labels and with min and count as well, min by of min_over_time,
// and "or" or "<" between two of them.

import (
	"fmt"
	"math"
	"regexp"
	"sort"
	"strconv"
	"strings"
)

var (
	form    = regexp.MustCompile(`^(max|min) by \(([\w,]+)\)\((max|min|count)_over_time\((\w+\{.*\})\[(\d+)s\]\)\)$`)
	matcher = regexp.MustCompile(`^(\w+)(=~|!=|!~|=)("(?:[^"\\]|\\.)*")(,|$)`)
)

// selector is the matchers of a series selector.
type selector []struct {
	label string
	not   bool
	value *regexp.Regexp
}

func parseSelector(text string) (selector, error) {
	name, rest, ok := strings.Cut(text, "{")
	if !ok || !strings.HasSuffix(rest, "}") {
		return nil, fmt.Errorf("%q is no selector", text)
	}
	rest = `__name__="` + name + `",` + strings.TrimSuffix(rest, "}")
	var out selector
	for rest != "" {
		m := matcher.FindStringSubmatch(rest)
		if m == nil {
			return nil, fmt.Errorf("%q is no matcher", rest)
		}
		rest = rest[len(m[0]):]
		value, err := strconv.Unquote(m[3])
		if err != nil {
			return nil, err
		}
		if !strings.HasSuffix(m[2], "~") {
			value = regexp.QuoteMeta(value)
		}
		out = append(out, struct {
			label string
			not   bool
			value *regexp.Regexp
		}{m[1], m[2][0] == '!', regexp.MustCompile(`^(?:` + value + `)$`)})
	}
	return out, nil
}

func (s selector) fits(labels map[string]string) bool {
	for _, m := range s {
		if m.value.MatchString(labels[m.label]) == m.not {
			return false
		}
	}
	return true
}

// evaluate answers a query at from, from+step … to, and says how many samples it had to hold for it.
func (s *Server) evaluate(query string, from, to, step int64) ([]Series, int) {
	if low, high, ok := strings.Cut(query, " < "); ok {
		return s.less(low, high, from, to, step)
	}
	byLabels, cost := map[string]Series{}, 0
	for _, part := range strings.Split(query, " or ") {
		m := form.FindStringSubmatch(part)
		if m == nil {
			panic("not a query that is asked: " + part)
		}
		by := strings.Split(m[2], ",")
		match, err := parseSelector(m[4])
		if err != nil {
			panic(err)
		}
		window, _ := strconv.ParseInt(m[5], 10, 64)
		grouped := map[string]map[int64]float64{}
		for _, one := range s.o.Series {
			if !match.fits(one.Labels) {
				continue
			}
			values := make([]string, len(by))
			for i, label := range by {
				values[i] = one.Labels[label]
			}
			key := strings.Join(values, "\x00")
			if _, taken := byLabels[key]; taken {
				continue
			}
			if grouped[key] == nil {
				grouped[key] = map[int64]float64{}
			}
			for at := from; at <= to; at += step {
				v, n := over(m[3], one.Samples, at-window, at)
				cost += n
				if n == 0 {
					continue
				}
				if old, ok := grouped[key][at]; !ok || m[1] == "max" && v > old || m[1] == "min" && v < old || math.IsNaN(old) {
					grouped[key][at] = v
				}
			}
		}
		for key, values := range grouped {
			one := Series{Labels: map[string]string{}}
			for i, value := range strings.Split(key, "\x00") {
				if value != "" { // in PromQL, an empty label is none
					one.Labels[by[i]] = value
				}
			}
			for at := from; at <= to; at += step {
				if v, ok := values[at]; ok {
					one.Samples = append(one.Samples, Sample{at, v})
				}
			}
			if len(one.Samples) > 0 {
				byLabels[key] = one
				cost += len(one.Samples)
			}
		}
	}
	var out []Series
	for _, one := range byLabels {
		out = append(out, one)
	}
	sort.Slice(out, func(i, j int) bool { return fmt.Sprint(out[i].Labels) < fmt.Sprint(out[j].Labels) })
	return out, cost
}

// less keeps of one query's samples those that are lower than another's of the same labels and time.
func (s *Server) less(low, high string, from, to, step int64) (out []Series, cost int) {
	left, n := s.evaluate(low, from, to, step)
	right, m := s.evaluate(high, from, to, step)
	above := map[string]float64{}
	key := func(one Series, at int64) string { return fmt.Sprint(one.Labels, at) }
	for _, one := range right {
		for _, p := range one.Samples {
			above[key(one, p.At)] = p.Value
		}
	}
	for _, one := range left {
		kept := Series{Labels: one.Labels}
		for _, p := range one.Samples {
			if v, ok := above[key(one, p.At)]; ok && p.Value < v {
				kept.Samples = append(kept.Samples, p)
			}
		}
		if len(kept.Samples) > 0 {
			out = append(out, kept)
		}
	}
	return out, n + m
}

// over is the highest, lowest or number of the samples after one time and until another; NaN only where all of them are.
func over(function string, samples []Sample, after, until int64) (float64, int) {
	i := sort.Search(len(samples), func(i int) bool { return samples[i].At > after })
	out, n := math.NaN(), 0
	for ; i < len(samples) && samples[i].At <= until; i++ {
		n++
		v := samples[i].Value
		if math.IsNaN(out) || function == "max" && v > out || function == "min" && v < out {
			out = v
		}
	}
	if function == "count" {
		out = float64(n)
	}
	return out, n
}
