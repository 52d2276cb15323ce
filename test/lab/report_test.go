package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/incident"
)

// report is the part of the tool's structured output that the lab judges by (scars.dev/v1alpha1).
type report struct {
	Kind     string  `json:"kind"`
	Findings []found `json:"findings"`
}

type found struct {
	Check    string `json:"check"`
	Severity string `json:"severity"`
	Object   struct {
		Kind      string `json:"kind"`
		Namespace string `json:"namespace"`
		Name      string `json:"name"`
		Container string `json:"container"`
	} `json:"object"`
	Message string `json:"message"`
}

func (f found) String() string {
	return fmt.Sprintf("%s %s %s/%s: %s", f.Check, f.Severity, f.Object.Kind, f.Object.Name, f.Message)
}

// ask runs the tool and reads its report.
func ask(ctx context.Context, tool Tool, args ...string) (report, Result, error) {
	var r report
	res, err := tool.Run(ctx, append(args, "-o", "json")...)
	if err != nil {
		return r, res, err
	}
	if err := json.Unmarshal(res.Stdout, &r); err != nil || res.Code != 0 || r.Kind != "Report" {
		return r, res, fmt.Errorf("kubectl scars %s: code %d, stderr %q: %w", strings.Join(args, " "), res.Code, res.Stderr, err)
	}
	return r, res, nil
}

// of keeps what concerns an incident: its namespace, and cluster-scoped objects that bear its name.
func (r report) of(name string) []found {
	return slices.DeleteFunc(slices.Clone(r.Findings), func(f found) bool {
		return f.Object.Namespace != name && (f.Object.Namespace != "" || f.Object.Name != name)
	})
}

// judge says what is wrong with the findings about an incident; empty is right.
func judge(in incident.Incident, all []found) string {
	if in.Check == "" {
		loud := slices.DeleteFunc(slices.Clone(all), func(f found) bool { return f.Severity == "info" })
		if len(loud) > 0 {
			return fmt.Sprintf("healthy, but: %v", loud)
		}
		return ""
	}
	i := slices.IndexFunc(all, func(f found) bool { return f.Object.Kind+"/"+f.Object.Name == in.Object })
	switch {
	case i < 0:
		return fmt.Sprintf("nothing about %s; findings: %v", in.Object, all)
	case all[i].Check != in.Check:
		return fmt.Sprintf("first finding is %v, want %s", all[i], in.Check)
	case !in.Says.MatchString(all[i].Message):
		return fmt.Sprintf("message of %v does not match %v", all[i], in.Says)
	}
	return ""
}
