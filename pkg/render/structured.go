package render

// The formats for programs: json, and by the printers that kubectl itself uses, so that an expression works here as it does there, yaml, name,
// jsonpath and go-template. Nothing is shortened. What would control a terminal is escaped in json, where that changes no
// value, and neutralised in the others: they are read on terminals as often as by programs.

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	kjson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/printers"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/term"
)

func structuredPrinter(format string) (printers.ResourcePrinter, error) {
	if format == "yaml" {
		return &printers.YAMLPrinter{}, nil
	}
	name, _, takesArgument := strings.Cut(format, "=")
	switch name {
	case "jsonpath", "jsonpath-file", "go-template", "go-template-file":
		if !takesArgument {
			return nil, fmt.Errorf("output format %s needs an argument: -o %s=…", name, name)
		}
	default:
		return nil, unknownFormat(format)
	}
	printer, err := genericclioptions.NewKubeTemplatePrintFlags().ToPrinter(format)
	if err != nil {
		return nil, fmt.Errorf("output format %s: %w", name, err)
	}
	return printer, nil
}

// writeStructured writes json from v itself: kubectl's printer wants an object, and the maps of a long report's take more memory than all
// that is known of its cluster.
func writeStructured(w io.Writer, v any, format string) error {
	if format == "json" {
		out := bufio.NewWriter(w)
		encoder := json.NewEncoder(escaping{out})
		encoder.SetIndent("", "    ")
		if err := encoder.Encode(v); err != nil {
			return fmt.Errorf("encode: %w", err)
		}
		return out.Flush()
	}
	printer, err := structuredPrinter(format)
	if err != nil {
		return err
	}
	object, err := toUnstructured(v)
	if err != nil {
		return err
	}
	object.Object, _ = neutral(object.Object).(map[string]any)
	return printer.PrintObj(object, w)
}

// neutral makes every string of a decoded JSON value harmless; line breaks stay.
func neutral(v any) any {
	switch v := v.(type) {
	case string:
		return term.SanitizeBlock(v)
	case []any:
		for i := range v {
			v[i] = neutral(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = neutral(v[k]) // the keys are ours
		}
	}
	return v
}

// escaping writes JSON whose strings hold what a terminal must not see as \uXXXX, which means the same. The encoder has done so with
// C0; here it is done with DEL, C1, bidirectional controls and other invisible characters.
type escaping struct{ w io.Writer }

func (e escaping) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		end := bytes.IndexFunc(rest, hidden)
		if end < 0 {
			end = len(rest)
		}
		if _, err := e.w.Write(rest[:end]); err != nil {
			return 0, err
		}
		rest = rest[end:]
		if len(rest) == 0 {
			break
		}
		r, size := utf8.DecodeRune(rest)
		for _, unit := range utf16.Encode([]rune{r}) {
			if _, err := fmt.Fprintf(e.w, `\u%04x`, unit); err != nil {
				return 0, err
			}
		}
		rest = rest[size:]
	}
	return len(p), nil
}

func hidden(r rune) bool { return r == 0x7f || r >= utf8.RuneSelf && !unicode.IsGraphic(r) }

// toUnstructured goes through JSON, so that what a template sees is exactly what json prints; integers stay integers.
func toUnstructured(v any) (*unstructured.Unstructured, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	content := map[string]any{}
	if err := kjson.Unmarshal(raw, &content); err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return &unstructured.Unstructured{Object: content}, nil
}

// writeNames prints each object once, in their order, as kubectl takes it: deployment.apps/web. One line is one object whatever the
// name contains, since the reader is a pipe. As with kubectl get -o name, the namespace is not part of it.
func writeNames(w io.Writer, objects []finding.ObjectRef) error {
	printer := &printers.NamePrinter{ShortOutput: true}
	seen := map[finding.ObjectRef]bool{}
	for _, o := range objects {
		o.Container = ""
		if seen[o] || o.Kind == "" || o.Name == "" {
			continue
		}
		seen[o] = true
		object := &unstructured.Unstructured{}
		object.SetAPIVersion(term.Sanitize(o.APIVersion))
		object.SetKind(term.Sanitize(o.Kind))
		object.SetName(term.Sanitize(o.Name))
		if err := printer.PrintObj(object, w); err != nil {
			return fmt.Errorf("print name of %s: %w", o, err)
		}
	}
	return nil
}
