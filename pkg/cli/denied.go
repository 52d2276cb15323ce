package cli

// What to do where a store of metrics wants to know who asks: the next step, by where the store is.

import (
	"net/http"
	"strings"
)

const (
	googleHost = "monitoring.googleapis.com"
	azureHost  = ".prometheus.monitor.azure.com"
	amazonHost = "aps-workspaces."

	openShiftRoute   = "thanos-querier-openshift-monitoring."     // below the cluster's domain of applications
	openShiftService = "thanos-querier.openshift-monitoring.svc." // as the cluster's DNS has it, with or without its domain
)

// denied is the next step after a store said 401 or 403.
func (p *past) denied(status int) string {
	if p.base == nil {
		return "the API server's proxy hands no credentials on: name the store's own address with --prometheus and a way in; on OpenShift that is " + openShift
	}
	host := p.base.Hostname()
	switch {
	case host == googleHost:
		return "a token of an account with the role Monitoring Viewer is wanted: SCARS_PROMETHEUS_TOKEN=$(gcloud auth print-access-token)"
	case strings.HasSuffix(host, azureHost):
		return "a token of an account with the role Monitoring Data Reader is wanted: SCARS_PROMETHEUS_TOKEN=$(az account get-access-token" +
			" --resource https://prometheus.monitor.azure.com --query accessToken -o tsv)"
	case strings.HasPrefix(host, amazonHost):
		region, _, _ := strings.Cut(strings.TrimPrefix(host, amazonHost), ".")
		return "each request must be signed: run aws-sigv4-proxy --name aps --region " + region + " --host " + host +
			" --port 127.0.0.1:8005, and say --prometheus http://127.0.0.1:8005" + p.base.Path
	case strings.HasPrefix(host, openShiftRoute), strings.HasPrefix(host+".", openShiftService):
		return "a token of an account with the role cluster-monitoring-view is wanted: SCARS_PROMETHEUS_TOKEN=$(oc whoami -t)"
	}
	token, _ := p.o.env.Getenv("SCARS_PROMETHEUS_TOKEN")
	switch {
	case token == "" && p.access.tokenFile == "" && p.access.user == "" && p.access.certificate == "":
		return "say who asks: a token in SCARS_PROMETHEUS_TOKEN or --prometheus-token-file, or --prometheus-user and SCARS_PROMETHEUS_PASSWORD" + tenant
	case status == http.StatusUnauthorized:
		return "what was given does not count: an expired token, a wrong password or another issuer's?" + tenant
	}
	return "it knows who asks, and lets this one not read" + tenant
}

const (
	openShift = "--prometheus https://$(oc -n openshift-monitoring get route thanos-querier -o jsonpath='{.spec.host}') with SCARS_PROMETHEUS_TOKEN=$(oc whoami -t)"
	tenant    = "; a store of several tenants wants one: --prometheus-header X-Scope-OrgID=TENANT"
)
