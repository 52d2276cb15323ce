// Package incident reads the lab's incidents: manifests whose leading comments say what goes wrong, how to see that it
// has, and what the tool must then say about it.
//
//	# what: one line for people
//	# check: oom/limit-hit                    the wanted check; absent for a healthy workload
//	# object: Deployment/web                  what the finding is about
//	# says: (?i)limit of 64Mi                 regular expression for its message
//	# shows: pid: [0-9]+ \(old                regular expression for the value of one of its lines of evidence
//	# not: oom/evicted Deployment/other       what the tool must not find
//	# with: --kubelet-stats                   what the tool is called with besides
//	# cgroup: v2                              the only kernel it happens on; without: on both
//	# uses: node2                             what nobody else may use meanwhile
//	# until: pods -l app=web {.items[*].status.phase} ~ Running     wait; see Until
//	# do: kubectl scale deployment/web --replicas=2                 a command in the incident's namespace
//	# do: node2 rm /tmp/x                                           a script inside a node
//	# cert: web-tls hosts=shop.example from=-90d to=-2d             a Secret with a throwaway certificate; see Cert
//	# undo: node2 …                           like do, when the incident is taken away again
//
// Certificates are made and the manifest is applied first; until and do follow in their order.
package incident

import (
	"bufio"
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// Incident is one file.
type Incident struct {
	Name     string // of the file, and of the namespace it is played in
	What     string
	Check    string // empty: healthy
	Object   string // Kind/name
	Also     string // another check that is right to report on the object
	Says     *regexp.Regexp
	Shows    *regexp.Regexp // nil: any evidence
	Not      []Wrong
	With     []string // flags for the tool
	Cgroup   string   // "v1" or "v2"; empty: both
	Uses     string
	Certs    []Cert
	Steps    []Step
	Undo     []Step
	Manifest []byte
}

// Wrong is a finding that would be wrong.
type Wrong struct {
	Check, Object string
}

// Step is one line of until, do or undo; exactly one field is set.
type Step struct {
	Until   *Until
	Kubectl []string
	Node    string // where Script runs
	Script  string
	Line    string // as written
}

// Load reads all manifests of a directory, in the order of their names.
func Load(files embed.FS, dir string) ([]Incident, error) {
	names, err := fs.Glob(files, path.Join(dir, "*.yaml"))
	if err != nil {
		return nil, err
	}
	var all []Incident
	for _, n := range names {
		data, err := files.ReadFile(n)
		if err != nil {
			return nil, err
		}
		in, err := Parse(strings.TrimSuffix(path.Base(n), ".yaml"), data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", n, err)
		}
		all = append(all, in)
	}
	return all, nil
}

// Parse reads one file.
func Parse(name string, data []byte) (Incident, error) {
	in := Incident{Name: name, Manifest: data}
	for s := bufio.NewScanner(bytes.NewReader(data)); s.Scan(); {
		line, ok := strings.CutPrefix(s.Text(), "# ")
		if !ok {
			break
		}
		key, value, ok := strings.Cut(line, ": ")
		if !ok {
			return in, fmt.Errorf("line %q: want \"# key: value\"", line)
		}
		if err := in.set(key, strings.TrimSpace(value)); err != nil {
			return in, fmt.Errorf("line %q: %w", line, err)
		}
	}
	if in.What == "" {
		return in, fmt.Errorf("no line \"# what:\"")
	}
	if (in.Check == "") != (in.Object == "") || (in.Check == "") != (in.Says == nil) {
		return in, fmt.Errorf("check, object and says belong together")
	}
	return in, nil
}

func (in *Incident) set(key, value string) (err error) {
	switch key {
	case "what":
		in.What = value
	case "check":
		in.Check = value
	case "also":
		in.Also = value
	case "object":
		in.Object = value
	case "says":
		in.Says, err = regexp.Compile(value)
	case "shows":
		in.Shows, err = regexp.Compile(value)
	case "not":
		var w Wrong
		var ok bool
		if w.Check, w.Object, ok = strings.Cut(value, " "); !ok {
			err = fmt.Errorf("want CHECK KIND/NAME")
		}
		in.Not = append(in.Not, w)
	case "cgroup":
		if in.Cgroup = value; value != "v1" && value != "v2" {
			err = fmt.Errorf("want v1 or v2")
		}
	case "with":
		in.With = strings.Fields(value)
	case "uses":
		in.Uses = value
	case "cert":
		var c Cert
		c, err = parseCert(value)
		in.Certs = append(in.Certs, c)
	case "until":
		var u *Until
		u, err = parseUntil(value)
		in.Steps = append(in.Steps, Step{Until: u, Line: "until " + value})
	case "do":
		in.Steps = append(in.Steps, command(value))
	case "undo":
		in.Undo = append(in.Undo, command(value))
	default:
		return fmt.Errorf("unknown key %q", key)
	}
	return err
}

func command(value string) Step {
	first, rest, _ := strings.Cut(value, " ")
	if first == "kubectl" {
		return Step{Kubectl: fields(rest), Line: value}
	}
	return Step{Node: first, Script: rest, Line: value}
}

// fields splits at spaces outside single quotes, and drops the quotes.
func fields(s string) []string {
	var out []string
	var word strings.Builder
	quoted := false
	for _, r := range s + " " {
		switch {
		case r == '\'':
			quoted = !quoted
		case r == ' ' && !quoted:
			if word.Len() > 0 {
				out = append(out, word.String())
				word.Reset()
			}
		default:
			word.WriteRune(r)
		}
	}
	return out
}
