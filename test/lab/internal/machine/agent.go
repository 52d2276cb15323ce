package machine

// This file speaks with the agent in a node.

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Agent is the program in a node that runs commands for the lab (cmd/nodeagent).
type Agent struct {
	Address string // host:port
	Key     string // shared secret of lab and node
	Timeout time.Duration
}

// Run executes a shell script as root in the node and returns its output, both streams together.
func (a Agent) Run(ctx context.Context, script string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, a.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+a.Address+"/run", strings.NewReader(script))
	if err != nil {
		return "", err
	}
	req.Header.Set("Authorization", a.Key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", fmt.Errorf("run in the node: %w", err)
	}
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", fmt.Errorf("run in the node: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return string(out), fmt.Errorf("run in the node: %s: %s", resp.Status, strings.TrimSpace(string(out)))
	}
	return string(out), nil
}
