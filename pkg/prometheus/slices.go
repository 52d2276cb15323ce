package prometheus

// Long times in slices: newest first, two in flight, as large as the server bears. A slice is taken in whole or not at all, so that asking
// again counts nothing twice.

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	inFlight    = 2
	slicePoints = 100_000 // in one answer: about 2.5 MB of JSON
	mostSteps   = 10_000  // Prometheus refuses more than 11,000 points of one series
	firstSteps  = 240
	leastSteps  = 5 // a slice that is refused is halved down to this
)

// Range is a question about a time: Expr at From+Step, From+2·Step … To. From and To are cut to multiples of Step.
type Range struct {
	Expr     string
	From, To time.Time
	Step     time.Duration
}

// Range asks it and hands each series of each slice to each, one call at a time. done is told the share of the time that was read.
func (c *Client) Range(ctx context.Context, q Range, each func(Labels, []Point), done func(share float64)) error {
	s := &slicer{
		client: c, q: q, each: each, done: done, steps: firstSteps, most: mostSteps,
		first: q.From.Unix()/int64(q.Step/time.Second) + 1, next: q.To.Unix() / int64(q.Step/time.Second),
	}
	s.total = s.next - s.first + 1
	if s.total <= 0 {
		return nil
	}
	group, ctx := errgroup.WithContext(ctx)
	for range inFlight {
		group.Go(func() error { return s.work(ctx) })
	}
	return group.Wait()
}

// slicer hands out slices and takes in what they hold.
type slicer struct {
	client *Client
	q      Range
	each   func(Labels, []Point)
	done   func(float64)

	mu          sync.Mutex
	first, next int64 // steps since the epoch that are still to be handed out
	again       []span
	steps, most int64 // of the next slice; the most that was not refused
	total, read int64
	buffers     [][]chunk
}

// span is a slice in steps since the epoch, both ends included.
type span struct{ first, last int64 }

func (s span) len() int64 { return s.last - s.first + 1 }

// chunk is one series of a slice.
type chunk struct {
	labels Labels
	points []Point
}

func (s *slicer) take() (span, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.again); n > 0 {
		out := s.again[n-1]
		s.again = s.again[:n-1]
		return out, true
	}
	if s.next < s.first {
		return span{}, false
	}
	out := span{max(s.next-s.steps+1, s.first), s.next}
	s.next = out.first - 1
	return out, true
}

func (s *slicer) work(ctx context.Context) error {
	for {
		slice, ok := s.take()
		if !ok {
			return nil
		}
		chunks, err := s.ask(ctx, slice)
		switch {
		case err == nil:
			s.commit(slice, chunks)
		case TooBig(err) && slice.len() > leastSteps && ctx.Err() == nil:
			s.halve(slice)
		default:
			return err
		}
	}
}

// halve puts a slice back as two, and asks for no more than that from now on.
func (s *slicer) halve(slice span) {
	s.mu.Lock()
	defer s.mu.Unlock()
	middle := slice.first + slice.len()/2
	s.again = append(s.again, span{slice.first, middle - 1}, span{middle, slice.last})
	s.most = max(min(s.most, slice.len()/2), leastSteps)
	s.steps = min(s.steps, s.most)
}

// commit takes a slice in, and fits the next ones to what it held.
func (s *slicer) commit(slice span, chunks []chunk) {
	s.mu.Lock()
	defer s.mu.Unlock()
	points := int64(0)
	for _, c := range chunks {
		points += int64(len(c.points))
		s.each(c.labels, c.points)
	}
	s.buffers = append(s.buffers, chunks)
	s.read += slice.len()
	if s.done != nil {
		s.done(float64(s.read) / float64(s.total))
	}
	perStep := max(points/slice.len(), 1)
	s.steps = max(min(slicePoints/perStep, 4*slice.len(), s.most), leastSteps)
}

func (s *slicer) ask(ctx context.Context, slice span) ([]chunk, error) {
	step := int64(s.q.Step / time.Second)
	query := url.Values{
		"query": {s.q.Expr}, "step": {strconv.FormatInt(step, 10)},
		"start": {strconv.FormatInt(slice.first*step, 10)}, "end": {strconv.FormatInt(slice.last*step, 10)},
	}
	chunks := s.buffer()
	err := s.client.get(ctx, "query_range", query, func(body io.Reader) ([]string, error) {
		chunks = chunks[:0]
		held := 0
		return decodeData(body, func(d *json.Decoder) error {
			var wire series
			if err := d.Decode(&wire); err != nil {
				return err
			}
			var reuse []Point
			if len(chunks) < cap(chunks) {
				reuse = chunks[:len(chunks)+1][len(chunks)].points[:0]
			}
			values, err := points(wire.Values, reuse)
			if err != nil {
				return err
			}
			if held += len(values); held > 4*slicePoints && slice.len() > leastSteps {
				return errTooMuch
			}
			chunks = append(chunks, chunk{wire.Metric, values})
			return nil
		})
	})
	return chunks, err
}

// buffer gives the space of a slice that was taken in.
func (s *slicer) buffer() []chunk {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.buffers)
	if n == 0 {
		return nil
	}
	out := s.buffers[n-1]
	s.buffers = s.buffers[:n-1]
	return out
}

// Instant asks for a value at a time and hands each series to each.
func (c *Client) Instant(ctx context.Context, expr string, at time.Time, each func(Labels, float64)) error {
	query := url.Values{"query": {expr}, "time": {strconv.FormatInt(at.Unix(), 10)}}
	var all []chunk
	err := c.get(ctx, "query", query, func(body io.Reader) ([]string, error) {
		all = all[:0]
		return decodeData(body, func(d *json.Decoder) error {
			var wire series
			if err := d.Decode(&wire); err != nil {
				return err
			}
			value, err := points(wire.Value, nil)
			if err != nil || len(value) == 0 {
				return errors.Join(err, errPoint)
			}
			all = append(all, chunk{wire.Metric, value})
			return nil
		})
	})
	for _, one := range all {
		if err == nil {
			each(one.labels, one.points[0].Value)
		}
	}
	return err
}

// Series lists the series that a selector finds in a time, and LabelValues the values of a label of them. Where the server refuses so
// long a time they ask for its halves.
func (c *Client) Series(ctx context.Context, match string, from, to time.Time, each func(Labels)) error {
	return c.list(ctx, "series", match, from, to, func(d *json.Decoder) error {
		var labels Labels
		err := d.Decode(&labels)
		if err == nil {
			each(labels)
		}
		return err
	})
}

// LabelValues lists the values of a label; some may come twice.
func (c *Client) LabelValues(ctx context.Context, label, match string, from, to time.Time, each func(string)) error {
	if c.o.SeriesOnly {
		return c.Series(ctx, match, from, to, func(l Labels) {
			if value := l[label]; value != "" {
				each(value)
			}
		})
	}
	return c.list(ctx, "label/"+label+"/values", match, from, to, func(d *json.Decoder) error {
		var value string
		err := d.Decode(&value)
		if err == nil {
			each(value)
		}
		return err
	})
}

func (c *Client) list(ctx context.Context, endpoint, match string, from, to time.Time, element func(*json.Decoder) error) error {
	query := url.Values{"match[]": {match}, "start": {strconv.FormatInt(from.Unix(), 10)}, "end": {strconv.FormatInt(to.Unix(), 10)}}
	err := c.get(ctx, endpoint, query, func(body io.Reader) ([]string, error) { return decodeData(body, element) })
	if TooBig(err) && to.Sub(from) > time.Hour && ctx.Err() == nil {
		middle := from.Add(to.Sub(from) / 2)
		if err := c.list(ctx, endpoint, match, middle, to, element); err != nil {
			return err
		}
		return c.list(ctx, endpoint, match, from, middle, element)
	}
	return err
}
