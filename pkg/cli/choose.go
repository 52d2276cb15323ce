package cli

// This file chooses which checks run: those of the command's areas, less and more by --check and --skip.

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
	"github.com/kubectl-scars/kubectl-scars/pkg/checks"
)

// choose picks the checks of a command: those of its area, or all for triage; only is --check, skip is --skip. An ID may be given
// without the command's own area.
func choose(command string, only, skip []string) ([]*analysis.Check, error) {
	available := checks.Of(command)
	if command == "triage" {
		available = checks.All()
	}
	resolve := func(id string) (string, error) {
		for _, c := range available {
			if c.ID == id || c.ID == command+"/"+id {
				return c.ID, nil
			}
		}
		if slices.ContainsFunc(checks.All(), func(c *analysis.Check) bool { return c.ID == id }) {
			return "", fmt.Errorf("check %q does not belong to %s", id, command)
		}
		return "", unknownCheck(id)
	}
	chosen := func(ids []string) (map[string]bool, error) {
		set := map[string]bool{}
		for _, id := range ids {
			id, err := resolve(id)
			if err != nil {
				return nil, err
			}
			set[id] = true
		}
		return set, nil
	}
	wanted, err := chosen(only)
	if err != nil {
		return nil, err
	}
	unwanted, err := chosen(skip)
	if err != nil {
		return nil, err
	}
	var out []*analysis.Check
	for _, c := range available {
		if (len(wanted) == 0 || wanted[c.ID]) && !unwanted[c.ID] {
			out = append(out, c)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("--check and --skip leave no check to run")
	}
	return out, nil
}

// unknownCheck names the checks that may have been meant: by their slug, or nearly so.
func unknownCheck(id string) error {
	_, slug, found := strings.Cut(id, "/")
	if !found {
		slug = id
	}
	var ids, near []string
	for _, c := range checks.All() {
		ids = append(ids, c.ID)
		if slug != "" && strings.HasSuffix(c.ID, "/"+slug) {
			near = append(near, c.ID)
		}
	}
	if len(near) == 0 {
		near = nearest(id, ids)
	}
	err := fmt.Errorf("unknown check %q", id)
	if len(near) == 0 {
		return fmt.Errorf("%w; kubectl scars explain --list names them all", err)
	}
	return didYouMean(err, near)
}

func completeChecks(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var out []string
	for _, c := range checks.All() {
		out = append(out, c.ID+"\t"+c.Doc.Title)
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}
