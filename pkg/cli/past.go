package cli

// What the user says of history, for the views that need it or are better with it.

import (
	"errors"
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kubectl-scars/kubectl-scars/pkg/analysis"
)

// past is what the user says about history.
type past struct {
	o        *analyseOptions
	url      string
	access   access
	history  string
	quantile float64
	match    []string

	span     time.Duration
	matchers map[string]string
	base     *url.URL
}

// pastFlags are repeated where a command is proposed to be run again.
var pastFlags = append([]string{"prometheus", "history", "quantile", "match"}, accessFlags...)

// accessFlags only name files and people; secrets are not flags.
var accessFlags = []string{
	"prometheus-token-file", "prometheus-user", "prometheus-password-file", "prometheus-header",
	"prometheus-ca", "prometheus-cert", "prometheus-key", "prometheus-insecure",
}

// needed tells whether there is no answer without history.
func (p *past) needed() bool { return p.o.view.History == analysis.NeedsHistory }

func newPast(o *analyseOptions) *past { return &past{o: o, access: access{root: o.root}} }

func (p *past) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&p.url, "prometheus", "", "The store of metrics: the URL below which /api/v1 lies (Prometheus, Thanos, Mimir with /prometheus, VictoriaMetrics); default: one that runs in the cluster, through the API server")
	f.StringVar(&p.history, "history", "4w", "How far back to look, like 4w or 10d; what there is counts")
	p.quantile = 0.99
	if p.needed() {
		f.Float64Var(&p.quantile, "quantile", p.quantile, "The share of the time for which the request must be enough, and of pods and days for which the limit must, 0.5 to 1")
	}
	f.StringSliceVar(&p.match, "match", nil, "Labels that tell this cluster apart in a store of several, like cluster=prod")
	p.access.addFlags(f)
}

// validate refuses what cannot be meant, before anything is read.
func (p *past) validate() (err error) {
	if p == nil {
		return nil
	}
	switch {
	case p.o.demo && p.url != "":
		return errors.New("--demo and --prometheus exclude each other")
	case !(p.quantile >= 0.5 && p.quantile <= 1):
		return fmt.Errorf("--quantile: %v is not between 0.5 and 1", p.quantile)
	}
	if p.url == "" { // it is looked for
		if names := p.o.given(accessFlags...); len(names) > 0 {
			return fmt.Errorf("%s needs --prometheus", names[0])
		}
		if names := p.o.given("history", "match"); len(names) > 0 && p.o.offline() {
			return fmt.Errorf("%s needs --prometheus: a recording holds what was read", names[0])
		}
	} else if err := p.parseURL(); err != nil {
		return err
	}
	if p.span, err = longTime(p.history); err != nil {
		return fmt.Errorf("--history: %w", err)
	}
	p.matchers = map[string]string{}
	for _, m := range p.match {
		label, value, ok := strings.Cut(m, "=")
		if !ok || label == "" {
			return fmt.Errorf("--match: %q is not LABEL=VALUE", m)
		}
		p.matchers[label] = strings.Trim(value, `"`)
	}
	return p.access.validate()
}

func (p *past) parseURL() (err error) {
	if p.base, err = url.Parse(p.url); err != nil || p.base.Scheme != "http" && p.base.Scheme != "https" || p.base.Host == "" {
		return errors.New("--prometheus: not a URL like https://prometheus.example") // which is not repeated: it may hold a password
	}
	if p.base.User != nil {
		return errors.New("--prometheus: a password does not belong on a command line: use --prometheus-user and SCARS_PROMETHEUS_PASSWORD")
	}
	if p.base.RawQuery != "" || p.base.Fragment != "" {
		return errors.New("--prometheus: a URL without query and fragment is wanted")
	}
	p.base.Path = strings.TrimSuffix(strings.TrimSuffix(p.base.Path, "/"), "/api/v1")
	return nil
}

// longTime parses a time of weeks or days, or what Go parses.
func longTime(s string) (time.Duration, error) {
	const day = 24 * time.Hour
	for unit, length := range map[string]time.Duration{"w": 7 * day, "d": day} {
		if number, ok := strings.CutSuffix(s, unit); ok {
			n, err := strconv.ParseFloat(number, 64)
			if err != nil || !(n > 0 && n <= 520) {
				return 0, fmt.Errorf("%q is no time like 4w or 10d", s)
			}
			return time.Duration(math.Round(n * float64(length))), nil
		}
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < time.Hour {
		return 0, fmt.Errorf("%q is no time like 4w or 10d", s)
	}
	return d, nil
}
