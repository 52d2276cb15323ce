package recording

// This file turns the text of one object into the object, and gives it to the builder.

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// inherited is what a typed list (PodList) says of its items, which have no kind of their own.
type inherited struct{ apiVersion, kind string }

// envelope is what every object says of itself.
type envelope struct {
	APIVersion string    `json:"apiVersion"`
	Kind       string    `json:"kind"`
	Metadata   *metadata `json:"metadata"`

	Items json.RawMessage `json:"items"`
}

type metadata struct {
	UID             string `json:"uid"`
	ResourceVersion string `json:"resourceVersion"`
	Continue        string `json:"continue"` // of a list: there is more
}

// marked tells whether a server wrote the object.
func (e envelope) marked() bool {
	return e.Metadata != nil && e.Metadata.UID != "" && e.Metadata.ResourceVersion != ""
}

// open reads an object's envelope.
func open(text []byte) (e envelope, err error) {
	if err := utiljson.Unmarshal(text, &e); err != nil {
		return e, decodeError(err)
	}
	return e, nil
}

// take takes an object, and says where it belongs; the kind is empty where it is none that is looked at, and then it is counted. Decoding
// is lenient: fields that are not known are left out.
func (r *reading) take(at position, e envelope, text []byte, from inherited) (place, error) {
	if e.Kind == "" && e.APIVersion == "" {
		if from.kind == "" && (e.Metadata != nil || e.Items != nil) {
			return place{}, errors.New("neither apiVersion nor kind")
		}
		if e.APIVersion, e.Kind = from.apiVersion, from.kind; e.Kind == "" {
			r.in.Ignored[ignoredDocument]++
			return place{}, nil
		}
	}
	if e.Kind == "" || e.APIVersion == "" {
		return place{}, errors.New("not both of apiVersion and kind")
	}
	r.known++
	if e.APIVersion == APIVersion && e.Kind == Kind {
		return place{}, r.header(text)
	}
	if e.APIVersion == APIVersion && e.Kind == finding.MemoryHistoryKind {
		return place{}, r.history(text)
	}
	if strings.HasSuffix(e.Kind, "List") && e.Items != nil {
		if e.Items[0] != '[' && e.Items[0] != 'n' {
			return place{}, errors.New("items that are no array")
		}
		if at.nested++; at.nested > 2 {
			return place{}, errors.New("lists within lists within lists")
		}
		at.flat = true
		return place{}, r.jsonDocument(&scanner{r: bufio.NewReader(bytes.NewReader(text)), line: 1}, at)
	}
	gvk := schema.FromAPIVersionAndKind(e.APIVersion, e.Kind)
	info, ok := r.kinds[gvk]
	if !ok {
		r.in.Ignored[kindName(gvk)]++
		return place{}, nil
	}
	return r.add(e, info, text)
}

// takeAlone takes an object that is in no list.
func (r *reading) takeAlone(at position, text []byte) error {
	e, err := open(text)
	if err == nil {
		_, err = r.take(at, e, text, inherited{})
	}
	return err
}

// kindName is the kind, with group and version where it is not of the core.
func kindName(gvk schema.GroupVersionKind) string {
	if gvk.Group == "" && gvk.Version == "v1" {
		return gvk.Kind
	}
	return gvk.Kind + "." + gvk.GroupVersion().String()
}

func (r *reading) add(e envelope, info snapshot.Info, text []byte) (place, error) {
	made, err := snapshot.Scheme().New(info.GVK)
	if err != nil {
		return place{}, err
	}
	object, ok := made.(snapshot.Object)
	if !ok {
		return place{}, fmt.Errorf("%s is no object", info.GVK.Kind)
	}
	if err := utiljson.Unmarshal(text, object); err != nil {
		return place{}, decodeError(err)
	}
	if e.marked() {
		r.newest = newestBefore(object, r.newest, r.limits.Latest)
	}
	where := place{kind: info.Kind, namespace: object.GetNamespace()}
	if !info.Namespaced {
		where.namespace = ""
	}
	switch err := r.in.Builder.Add(object); {
	case errors.Is(err, snapshot.ErrName):
		r.in.Ignored[info.GVK.Kind+ignoredNameless]++
		return place{}, nil
	case err != nil:
		return place{}, err
	}
	r.in.Objects++
	r.extent.object(where, e.marked())
	return where, nil
}

// header takes the header of a recording.
func (r *reading) header(text []byte) error {
	if r.in.Header != nil {
		return refuse("more than one recording in the input")
	}
	h := &Header{}
	var there struct {
		Time *time.Time `json:"time"`
	}
	err := utiljson.Unmarshal(text, h)
	if err == nil {
		err = utiljson.Unmarshal(text, &there)
	}
	if err != nil {
		return refuse("header of the recording: %w", decodeError(err))
	}
	if h.Format < 1 || h.Format > Format {
		return refuse("recording of format %d: this version reads formats 1 to %d", h.Format, Format)
	}
	if there.Time == nil {
		return refuse("header of the recording: no time")
	}
	r.in.Header = h
	return nil
}

// history takes weeks of memory.
func (r *reading) history(text []byte) error {
	var h finding.MemoryHistory
	if err := json.Unmarshal(text, &h); err != nil {
		return decodeError(err)
	}
	r.in.Histories = append(r.in.Histories, h)
	return nil
}

// decodeError says why an object could not be decoded, without quoting what it holds.
func decodeError(err error) error {
	var (
		wrong  *json.SyntaxError
		kind   *json.UnmarshalTypeError
		moment *time.ParseError
		base   base64.CorruptInputError
	)
	switch {
	case errors.As(err, &moment):
		return errors.New("a timestamp is not RFC 3339")
	case errors.As(err, &base):
		return errors.New("a value is not base64")
	case errors.As(err, &wrong):
		return fmt.Errorf("not JSON: %w", wrong)
	case errors.As(err, &kind):
		return fmt.Errorf("field %s: a %s where a %s should be", kind.Field, kind.Value, kind.Type)
	}
	if text := unquoted(err.Error()); len(text) <= 200 {
		return errors.New(text)
	}
	return errors.New("not decodable")
}

var (
	quotation = regexp.MustCompile("(?s)[`'\"].*[`'\"]")
	syntax    = regexp.MustCompile(`^'[],}:?-]'( or '[],}:?-]')?$`)
)

// unquoted leaves out what a parser's message quotes: in a Secret it may be the secret (an unquoted password that begins with * is an
// alias to YAML, and the message names it).
// A single mark of the syntax, which it says was missing, is no secret.
func unquoted(message string) string {
	return quotation.ReplaceAllStringFunc(message, func(quoted string) string {
		if syntax.MatchString(quoted) {
			return quoted
		}
		return "…"
	})
}
