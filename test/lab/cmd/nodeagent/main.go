// Command nodeagent runs inside a node of the lab and executes the scripts that tests send it: restart the kubelet,
// break the network plugin, read the kernel's log. Usage: nodeagent ADDRESS KEYFILE.
package main

import (
	"crypto/subtle"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: nodeagent ADDRESS KEYFILE")
		os.Exit(1)
	}
	key, err := os.ReadFile(os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	http.HandleFunc("POST /run", func(w http.ResponseWriter, r *http.Request) {
		if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), key) != 1 {
			http.Error(w, "wrong key", http.StatusForbidden)
			return
		}
		script, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		cmd := exec.CommandContext(r.Context(), "sh", "-e")
		cmd.Stdin = strings.NewReader(string(script))
		out, err := cmd.CombinedOutput()
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			fmt.Fprintf(w, "%s: ", err)
		}
		_, _ = w.Write(out)
	})
	fmt.Fprintln(os.Stderr, http.ListenAndServe(os.Args[1], nil))
	os.Exit(1)
}
