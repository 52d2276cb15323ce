package scale

// This file reads the API server's audit log.

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// writes lists the requests of an audit log that could have changed something. A log without reads tells nothing, and is an error.
func writes(log io.Reader) ([]string, error) {
	var out []string
	reads := 0
	for d := json.NewDecoder(log); ; {
		var line struct {
			Verb, RequestURI string
			ObjectRef        struct{ Resource string }
		}
		if err := d.Decode(&line); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			if reads == 0 {
				return out, errors.New("audit log: nobody has read anything")
			}
			return out, nil // a line that is still being written has no end
		} else if err != nil {
			return nil, fmt.Errorf("audit log: %w", err)
		}
		if line.Verb == "list" {
			reads++
		}
		review := line.Verb == "create" && strings.HasPrefix(line.ObjectRef.Resource, "selfsubject")
		if !review && !slices.Contains([]string{"get", "list", "watch"}, line.Verb) {
			out = append(out, line.Verb+" "+line.RequestURI)
		}
	}
}
