package prometheus

// Answers, decoded while they arrive: one series is held at a time. The order of keys is the server's choice.

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
)

// Labels are a series' labels.
type Labels map[string]string

// Point is one value at a time, in milliseconds since the epoch. NaN is a value.
type Point struct {
	At    int64
	Value float64
}

// series is an element of a matrix or vector.
type series struct {
	Metric Labels          `json:"metric"`
	Values json.RawMessage `json:"values"`
	Value  json.RawMessage `json:"value"`
}

// decodeData reads an answer whose data is a result of series, or a plain list; each gets its elements. It gives the server's warnings.
func decodeData(r io.Reader, element func(*json.Decoder) error) (warnings []string, err error) {
	d := json.NewDecoder(r)
	e := &Error{Status: 200}
	var status string
	err = object(d, func(key string) error {
		switch key {
		case "status":
			return d.Decode(&status)
		case "errorType":
			return d.Decode(&e.Type)
		case "error":
			return d.Decode(&e.Message)
		case "warnings":
			return d.Decode(&warnings)
		case "data":
			return data(d, element)
		}
		return skip(d)
	})
	switch {
	case err != nil:
		return warnings, err
	case status != "success":
		e.Host = "the server"
		if e.Message == "" {
			e.Message = fmt.Sprintf("status %q", status)
		}
		return warnings, e
	}
	return warnings, nil
}

// data is a list, or an object with a list "result".
func data(d *json.Decoder, element func(*json.Decoder) error) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	switch t {
	case nil:
		return nil
	case json.Delim('['):
		return rest(d, element)
	case json.Delim('{'):
		return restOfObject(d, func(key string) error {
			if key != "result" {
				return skip(d)
			}
			t, err := d.Token()
			switch {
			case err != nil:
				return err
			case t == nil:
				return nil
			case t != json.Delim('['):
				return fmt.Errorf("result is %v, not a list", t)
			}
			return rest(d, element)
		})
	}
	return fmt.Errorf("data is %v, not a result", t)
}

func rest(d *json.Decoder, element func(*json.Decoder) error) error {
	for d.More() {
		if err := element(d); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

func object(d *json.Decoder, field func(key string) error) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	if t != json.Delim('{') {
		return fmt.Errorf("the answer is %v, not an object", t)
	}
	return restOfObject(d, field)
}

func restOfObject(d *json.Decoder, field func(key string) error) error {
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return err
		}
		key, _ := t.(string)
		if err := field(key); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

func skip(d *json.Decoder) error {
	var ignored json.RawMessage
	return d.Decode(&ignored)
}

var errPoint = errors.New("a value is not [time, \"number\"]")

// points reads [[1700000000.5,"1.5"],…], or one such pair, by hand: there are millions of them.
func points(raw json.RawMessage, into []Point) ([]Point, error) {
	for len(raw) > 0 {
		i := bytes.IndexAny(raw, "0123456789-")
		if i < 0 {
			return into, nil
		}
		raw = raw[i:]
		comma := bytes.IndexByte(raw, ',')
		if comma < 0 {
			return into, errPoint
		}
		at, ok := number(bytes.TrimSpace(raw[:comma]))
		if !ok || !(math.Abs(at) < 1e12) {
			return into, errPoint
		}
		raw = raw[comma+1:]
		open := bytes.IndexByte(raw, '"')
		if open < 0 {
			return into, errPoint
		}
		raw = raw[open+1:]
		end := bytes.IndexByte(raw, '"')
		if end < 0 {
			return into, errPoint
		}
		value, ok := number(raw[:end])
		if !ok {
			return into, errPoint
		}
		raw = raw[end+1:]
		into = append(into, Point{int64(math.Round(at * 1000)), value})
	}
	return into, nil
}

// number parses what is nearly always a plain number without setting a string aside for it.
func number(b []byte) (float64, bool) {
	whole, scale, dot := 0.0, 1.0, false
	for _, c := range b {
		switch {
		case c >= '0' && c <= '9':
			whole = whole*10 + float64(c-'0')
			if dot {
				scale *= 10
			}
		case c == '.' && !dot:
			dot = true
		default:
			dot = true
			scale = 0
		}
	}
	if scale > 0 && len(b) > 0 && len(b) <= 15 && b[0] != '.' { // up to 15 digits are exact in a float64
		return whole / scale, true
	}
	v, err := strconv.ParseFloat(string(b), 64)
	return v, err == nil || errors.Is(err, strconv.ErrRange)
}
