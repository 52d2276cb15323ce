package main

// The scripts in testdata/script are the specification of the command line. They run the real binary, under its own name, mostly
// against an API server that lives in the test; what they can do is in script_server_test.go and script_commands_test.go.

import (
	"flag"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite the golden files in the scripts")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"kubectl-scars": main, "kubectl_complete-scars": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"), UpdateScripts: *update, RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			env.Values[serversKey{}] = &servers{}
			env.Defer(env.Values[serversKey{}].(*servers).stop)
			cluster, err := filepath.Abs(filepath.Join("testdata", "cluster"))
			if err != nil {
				return err
			}
			env.Setenv("CLUSTER", cluster)
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("KUBECONFIG", filepath.Join(env.WorkDir, "kubeconfig"))
			env.Setenv("LC_ALL", "C.UTF-8")
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"serve": serve, "requests": requests, "exits": exits, "prometheus": prometheus, "interrupt": interrupt, "shorten": shorten, "fill": fill,
		},
	})
}
