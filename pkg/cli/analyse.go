package cli

// The commands that look: oom, probes, netpol, certs, pvc and triage. This file holds their flags and the order of the steps.

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/render"
)

// analyseOptions is what the user asked for.
type analyseOptions struct {
	*root
	command string // area, or "triage"
	path    string // how the command is called, for messages
	args    []string
	flags   *pflag.FlagSet

	allNamespaces bool
	selector      string
	from          string
	demo          bool
	now           string
	since         time.Duration
	check, skip   []string
	severity      string
	failOn        string
	output        string
	save          string
	timeout       time.Duration // of the whole run; 0: none
	kubeletStats  bool

	checks   []*analysis.Check
	resolved []finding.ObjectRef // the arguments, as the server knows them
	unread   []finding.ObjectRef // those of them that the user may not get
}

var areaShorts = map[string]string{
	"oom":    "Explain who was killed for memory, by whom and why",
	"probes": "Find probes that kill healthy pods, hide sick ones or do nothing",
	"netpol": "Find network policies that do nothing, and pods the network plugin broke",
	"certs":  "Find certificates that expire, do not fit or are missing",
	"pvc":    "Explain why a volume claim is pending or stuck, and what was left behind",
	"triage": "Find what is broken now, in all areas, worst first",
}

func (r *root) analyseCommands() []*cobra.Command {
	var out []*cobra.Command
	for _, name := range append([]string{"triage"}, checks.Areas()...) {
		out = append(out, r.analyseCommand(name))
	}
	return out
}

func (r *root) analyseCommand(name string) *cobra.Command {
	o := &analyseOptions{root: r, command: name}
	cmd := &cobra.Command{
		Use:   name + " [TYPE/NAME ...]",
		Short: areaShorts[name],
		Long:  areaShorts[name] + ".\n\n" + areaLong(name),
		Example: fmt.Sprintf(`  # In the current namespace
  kubectl scars %[1]s

  # In the whole cluster
  kubectl scars %[1]s -A

  # What concerns one workload
  kubectl scars %[1]s deployment/web -n shop

  # On what was saved before, or on any objects in files
  kubectl get all,events,secrets -n shop -o yaml | kubectl scars %[1]s --from -

  # On a recorded incident, without a cluster
  kubectl scars %[1]s --demo`, name),
		ValidArgsFunction: r.completeSubjects,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.path, o.args, o.flags = cmd.CommandPath(), args, cmd.Flags()
			if err := o.validate(); err != nil {
				return usageError{o.path, err}
			}
			return o.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.BoolVarP(&o.allNamespaces, "all-namespaces", "A", false, "Look at every namespace. Namespace in current context is ignored even if specified with --namespace.")
	f.StringVarP(&o.selector, "selector", "l", "", "Keep findings of objects with these labels (label query, supports '=', '==', '!=', 'in', 'notin'). What is read stays the same.")
	f.StringVar(&o.from, "from", "", "Look at a recording or at Kubernetes objects instead of a cluster: a file, a directory, or - for standard input")
	f.BoolVar(&o.demo, "demo", false, "Look at a recorded real incident instead of a cluster")
	f.StringVar(&o.now, "now", "", "With --from: the time to judge by (RFC 3339), instead of the input's own")
	f.DurationVar(&o.since, "since", 0, "Drop trouble that ended longer ago than this, like 30m or 24h (default: what the cluster still tells)")
	f.StringSliceVar(&o.check, "check", nil, "Run only these checks (see kubectl scars explain --list)")
	f.StringSliceVar(&o.skip, "skip", nil, "Do not run these checks")
	f.StringVar(&o.severity, "severity", "info", "Show findings of this severity or worse: critical, warning or info")
	f.StringVar(&o.failOn, "fail-on", "never", "Exit with 2 on findings of this severity or worse, and with 3 if what was looked for could not be read: critical, warning, info or never")
	f.StringVarP(&o.output, "output", "o", "table", "Output format: table, wide, json, yaml, name, markdown, jsonpath=..., go-template=...")
	o.addTimeout(f)
	o.addKubeletStats(f)
	f.StringVar(&o.save, "save", "", "Also save what this run saw to a file, for --from")
	for flag, values := range map[string][]string{
		"output": render.Formats(), "severity": {"critical", "warning", "info"}, "fail-on": {"critical", "warning", "info", "never"},
	} {
		_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	}
	for _, flag := range []string{"check", "skip"} {
		_ = cmd.RegisterFlagCompletionFunc(flag, completeChecks)
	}
	return cmd
}

func areaLong(name string) string {
	if name == "triage" {
		return "All checks of all areas, over one reading of the cluster."
	}
	var out strings.Builder
	out.WriteString("Checks:")
	width := 0
	for _, c := range checks.Of(name) {
		width = max(width, len(c.ID))
	}
	for _, c := range checks.Of(name) {
		fmt.Fprintf(&out, "\n  %-*s  %s", width, c.ID, c.Doc.Title)
	}
	return out.String()
}

// validate refuses what cannot be meant, before anything is read.
func (o *analyseOptions) validate() (err error) {
	if err := render.Validate(o.output); err != nil {
		return err
	}
	if !slices.Contains(finding.Severities(), finding.Severity(o.severity)) {
		return fmt.Errorf("--severity: %q is none of critical, warning and info", o.severity)
	}
	if o.failOn != "never" && !slices.Contains(finding.Severities(), finding.Severity(o.failOn)) {
		return fmt.Errorf("--fail-on: %q is none of critical, warning, info and never", o.failOn)
	}
	if o.now != "" {
		if _, err := time.Parse(time.RFC3339, o.now); err != nil {
			return fmt.Errorf("--now: %q is no time like 2026-11-23T18:00:00Z", o.now)
		}
	}
	if _, err := labels.Parse(o.selector); err != nil {
		return fmt.Errorf("--selector: %w", err)
	}
	switch {
	case o.demo && o.from != "":
		return fmt.Errorf("--demo and --from exclude each other")
	case o.now != "" && o.from == "" && !o.demo:
		return fmt.Errorf("--now needs --from: a live cluster has its own clock")
	case o.allNamespaces && len(o.args) > 0 && !o.offline():
		return fmt.Errorf("a resource cannot be retrieved by name across all namespaces")
	case o.timeout < 0:
		return fmt.Errorf("--timeout: %s is negative", o.timeout)
	case o.kubeletStats && o.offline():
		return fmt.Errorf("--kubelet-stats reads a cluster: what the input holds of it is looked at without the flag")
	case o.since < 0:
		return fmt.Errorf("--since: %s is negative", o.since)
	}
	o.checks, err = choose(o.command, o.check, o.skip)
	return err
}

func (o *analyseOptions) offline() bool { return o.demo || o.from != "" }

// run is the flow: load, ask, check, keep what was asked for, show.
func (o *analyseOptions) run(ctx context.Context) error {
	in, err := o.load(ctx)
	if err != nil {
		return err
	}
	subjects, err := o.subjects(in)
	if err != nil {
		return err
	}
	interrupted := ctx.Err() != nil
	meta := finding.Metadata{Time: in.snapshot.Now(), ToolVersion: o.env.Version, Context: in.context, Scope: in.scope}
	meta.Scope.Command, meta.Scope.Subjects, meta.Scope.Selector, meta.Scope.Since = o.command, o.args, o.selector, ""
	if o.since > 0 {
		meta.Scope.Since = o.since.String()
	}
	outcomes := analysis.Run(in.snapshot, o.checks, in.scope.Namespaces)
	report := analysis.Assemble(in.snapshot, outcomes, meta)
	report.Coverage = append(report.Coverage, in.gaps...)
	analysis.LeaveOut(report, in.snapshot, in.said)
	if o.command == "triage" && len(o.check)+len(o.skip) == 0 {
		report.Unexplained = analysis.Unexplained(in.snapshot, report.Findings)
	}
	filter := o.filter(in.scope.Namespaces)
	filter.Subjects, filter.Selector = subjects, o.labels()
	analysis.Keep(report, in.snapshot, filter)
	if o.save != "" && !interrupted {
		if err := in.save(o.save); err != nil {
			return err
		}
	}
	if err := o.show(report); err != nil {
		return err
	}
	if interrupted {
		return exitStatus(exitInterrupted)
	}
	return o.verdict(report)
}

// filter is what was asked for, except subjects and labels.
func (o *analyseOptions) filter(namespaces []string) analysis.Filter {
	return analysis.Filter{Namespaces: namespaces, Severity: finding.Severity(o.severity), Since: o.since}
}

// verdict turns --fail-on into an exit code.
func (o *analyseOptions) verdict(r *finding.Report) error {
	if o.failOn == "never" {
		return nil
	}
	worst, any := r.Worst()
	switch {
	case any && worst.AtLeast(finding.Severity(o.failOn)):
		return exitStatus(exitFindings)
	case !r.Complete():
		return exitStatus(exitUnreadable)
	}
	return nil
}
