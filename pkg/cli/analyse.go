package cli

// The commands that look: oom, probes, netpol, certs, pvc and triage. This file holds their flags and the order of the steps.

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks"
	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
	"github.com/kubectl-scars/kubectl-scars/pkg/render"
	"github.com/kubectl-scars/kubectl-scars/pkg/term"
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
	from          []string
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

	view *analysis.View // nil for the commands that check
	past *past          // nil for the views that need no history

	checks   []*analysis.Check
	resolved []finding.ObjectRef // the arguments, as the server knows them
	unread   []finding.ObjectRef // those of them that the user may not get
}

// viewGroup is the group of an area's views in its help.
const viewGroup = "views"

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
		Use:               name + " [TYPE/NAME ...]",
		Short:             areaShorts[name],
		Long:              areaShorts[name] + ".\n\n" + areaLong(name, r.columns()),
		Example:           areaExample(name),
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
	f.StringVarP(&o.selector, "selector", "l", "", "Keep findings of objects with these labels (label query, supports '=', '==', '!=', 'in', 'notin'). What is read stays the same.")
	f.DurationVar(&o.since, "since", 0, "Drop trouble that ended longer ago than this, like 30m or 24h (default: what the cluster still tells)")
	f.StringSliceVar(&o.check, "check", nil, "Run only these checks (see kubectl scars explain --list)")
	f.StringSliceVar(&o.skip, "skip", nil, "Do not run these checks")
	f.StringVar(&o.severity, "severity", "info", "Show findings of this severity or worse: critical, warning or info")
	f.StringVar(&o.failOn, "fail-on", "never", "Exit with 2 on findings of this severity or worse, whether --severity shows them or not, and with 3 if what was looked for could not be read or nothing has the labels of -l: critical, warning, info or never")
	o.addKubeletStats(f)
	for flag, values := range map[string][]string{"severity": {"critical", "warning", "info"}, "fail-on": {"critical", "warning", "info", "never"}} {
		_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	}
	for _, flag := range []string{"check", "skip"} {
		_ = cmd.RegisterFlagCompletionFunc(flag, completeChecks)
	}
	o.addInput(cmd)
	if views := checks.Views(name); len(views) > 0 {
		cmd.AddGroup(&cobra.Group{ID: viewGroup, Title: "Views:"})
		for _, v := range views {
			cmd.AddCommand(r.viewCommand(v))
		}
	}
	return cmd
}

// validate refuses what cannot be meant, before anything is read.
func (o *analyseOptions) validate() (err error) {
	if err := o.validateInput(); err != nil {
		return err
	}
	if !slices.Contains(finding.Severities(), finding.Severity(o.severity)) {
		return fmt.Errorf("--severity: %q is none of critical, warning and info", o.severity)
	}
	if o.failOn != "never" && !slices.Contains(finding.Severities(), finding.Severity(o.failOn)) {
		return fmt.Errorf("--fail-on: %q is none of critical, warning, info and never", o.failOn)
	}
	if o.kubeletStats && o.offline() {
		return fmt.Errorf("--kubelet-stats reads a cluster: what the input holds of it is looked at without the flag")
	}
	if o.since < 0 {
		return fmt.Errorf("--since: %s is negative", o.since)
	}
	o.checks, err = choose(o.command, o.check, o.skip)
	return err
}

// run is the flow: load, ask, check, keep what was asked for, show.
func (o *analyseOptions) run(ctx context.Context) error {
	in, subjects, err := o.input(ctx)
	if err != nil {
		return err
	}
	meta := o.metadata(in)
	if o.since > 0 {
		meta.Scope.Since = o.since.String()
	}
	outcomes := analysis.Run(in.snapshot, o.checks, in.scope.Namespaces)
	report := analysis.Assemble(in.snapshot, outcomes, meta)
	report.Coverage = append(report.Coverage, in.gaps...)
	if o.command == "triage" && len(o.check)+len(o.skip) == 0 {
		report.Unexplained = analysis.Unexplained(in.snapshot, report.Findings)
	}
	filter := o.filter(in.scope.Namespaces)
	filter.Subjects, filter.Selector, filter.Severity = subjects, o.labels(), finding.Info
	analysis.Keep(report, in.snapshot, filter)
	nothing := filter.Selector != nil && analysis.Selected(report, in.snapshot, filter.Selector, in.scope.Namespaces) == 0
	if nothing {
		fmt.Fprintf(o.stderr, "Nothing that was read has the labels %s.\n", term.Sanitize(o.selector))
	}
	complete := report.Complete() && !nothing
	left := analysis.LeaveOut(report, in.snapshot, o.checks)
	verdict := o.verdict(report, complete, left)
	analysis.Keep(report, in.snapshot, analysis.Filter{Severity: finding.Severity(o.severity)}) // what is not shown fails a run all the same
	err = o.deliver(in, func(w io.Writer, opts render.Options) error { return render.Report(w, report, opts) })
	if err != nil {
		return err
	}
	return verdict
}

// filter is what was asked for, except subjects and labels.
func (o *analyseOptions) filter(namespaces []string) analysis.Filter {
	return analysis.Filter{Namespaces: namespaces, Severity: finding.Severity(o.severity), Since: o.since}
}

// verdict turns --fail-on into an exit code. complete tells whether all that was wanted was there and read, left what was left out of the report.
func (o *analyseOptions) verdict(r *finding.Report, complete bool, left []finding.Finding) error {
	if o.failOn == "never" {
		return nil
	}
	bad := func(f finding.Finding) bool { return f.Severity.AtLeast(finding.Severity(o.failOn)) }
	switch {
	case slices.ContainsFunc(r.Findings, bad):
		return exitStatus(exitFindings)
	case !complete, slices.ContainsFunc(left, bad):
		return exitStatus(exitUnreadable)
	}
	return nil
}
